"""The renewal, executed by act: by the hour and by hand, with and without an App, and refused."""

import pytest

from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import TOKEN, Run, Workflows
from tests.pipeline.workflows.project_runs import PROJECT, of_job
from tests.pipeline.workflows.stand_ins import Rule, failing
from tests.pipeline.workflows.test_pull_request_runs import (
    PLANNED,
    READER,
    REVIEWED,
    fetched,
    planned,
)
from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.renewed import GCLOUD
from twinserve.renewal.proposal.planned import SCHEDULES
from twinserve.review.plan import DATA, JOBS, READING

ON = {"RENEWAL": "true"}
LEFT: Rule = {"call": "renew planned", "files": {"reports/renewal/outcome.json": "{}"}}
REFUSED: Rule = {**LEFT, "exit": 1}
OUTPUTS = {"base": events.BASE, "checks": "here", "head": events.HEAD, "number": "7"}


def opened(**outputs: str) -> Rule:
    """Let the pull request be opened with these outputs."""
    told = "".join(f"{name}={value}\n" for name, value in {**OUTPUTS, **outputs}.items())
    return {"call": "renew open", "files": {"$GITHUB_OUTPUT": told}}


def renew(workflows: Workflows, *rules: Rule, kind: str = "packages", **variables: str) -> Run:
    """A run by hand, of two packages where it is theirs."""
    return workflows.run(
        "renew.yml",
        "workflow_dispatch",
        events.dispatch(kind=kind, names="celery ruff" if kind == "packages" else ""),
        rules=[*rules, PLANNED, REVIEWED],
        variables={**ON, **variables},
        secrets={"RENEWAL_APP_KEY": "a key"} if variables else None,
    )


def test_checks_run_here_and_their_result_is_told(workflows: Workflows) -> None:
    """On the pull request's own commit, compared with its base; the rest is told by main's code."""
    run = renew(workflows, LEFT, opened())
    assert run.succeeded, run.output
    (planned,) = [call for call in run.calls if "planned" in call.words]
    assert planned.line == "twinserve renew planned --leave reports/renewal"
    told = {name: planned.environment[name] for name in ("KIND", "NAMES", "SCHEDULE")}
    assert told == {"KIND": "packages", "NAMES": "celery ruff", "SCHEDULE": ""}
    assert "GH_TOKEN" not in planned.environment
    assert of_job(run, "open") == [
        "download-artifact renewal untrusted  ",
        "twinserve renew open untrusted/renewal",
    ]
    lines = run.lines()
    assert lines.count(f"checkout {events.BASE} .base") == 4
    assert f"checkout {events.HEAD} ." in lines
    assert "make test-model" in lines
    assert "merge" not in run.jobs
    (tell,) = [call for call in run.calls if "tell" in call.words]
    names = ("GH_TOKEN", "HEAD_SHA", "NUMBER", "RESULT")
    assert {name: tell.environment[name] for name in names} == {
        "GH_TOKEN": TOKEN,
        "HEAD_SHA": events.HEAD,
        "NUMBER": "7",
        "RESULT": "success",
    }


def test_table_of_a_renewal_is_kept_in_no_cache(workflows: Workflows) -> None:
    """A fork's run could read main's, and this is a run of main: each job fetches, as a reader."""
    rules = (LEFT, opened(), planned(DATA, *JOBS), fetched("fetched"))
    run = renew(workflows, *rules, **READER)
    assert run.succeeded, run.output
    assert not [line for line in run.lines() if line.startswith("cache-")]
    for job in READING:
        lines = [line for line in of_job(run, job) if not line.startswith("checkout ")]
        assert lines[:2] == [
            "auth a-project a/provider reader",
            f"twinserve fetch{' --base .base' if job == 'review' else ''}",
        ]


@pytest.mark.nightly
def test_what_has_passed_is_merged_where_it_may(workflows: Workflows) -> None:
    """After the checks, and after their result was told; by the run's own token."""
    run = renew(workflows, LEFT, opened(merge="true"))
    assert run.succeeded, run.output
    assert of_job(run, "merge") == ["twinserve renew merge"]
    (merging,) = [call for call in run.calls if "merge" in call.words]
    told = {name: merging.environment[name] for name in ("GH_TOKEN", "HEAD_SHA", "NUMBER")}
    assert told == {"GH_TOKEN": TOKEN, "HEAD_SHA": events.HEAD, "NUMBER": "7"}
    lines = [call.line for call in run.calls]
    assert lines.index("twinserve renew merge") > lines.index(
        "twinserve renew tell untrusted/review/review.json"
    )


@pytest.mark.nightly
def test_result_that_cannot_be_told_merges_nothing(workflows: Workflows) -> None:
    """The rule would ask in vain."""
    run = renew(workflows, failing("renew tell"), LEFT, opened(merge="true"))
    assert not run.succeeded
    assert "twinserve renew merge" not in run.lines()


@pytest.mark.nightly
def test_red_checks_make_the_run_red(workflows: Workflows) -> None:
    """The verdict is asked for all the same.

    act ends where a workflow that is called has failed; that `tell` runs then too is its `if`, to
    which the policy holds it.
    """
    run = renew(workflows, failing("make lint"), LEFT, opened(merge="true"))
    assert not run.succeeded
    assert run.jobs["lint"] == "failure"
    assert "twinserve renew merge" not in run.lines()
    assert "python3 -m twinserve review settle" in run.lines()


def test_app_opens_in_its_own_name_and_checks_nothing_here(workflows: Workflows) -> None:
    """GitHub runs the checks of what it has opened."""
    run = renew(workflows, LEFT, opened(checks="github"), RENEWAL_APP="Iv1.a")
    assert run.succeeded, run.output
    (opening,) = [call for call in run.calls if "open" in call.words]
    told = {name: opening.environment[name] for name in ("APP", "GH_TOKEN")}
    assert told == {"APP": "Iv1.a", "GH_TOKEN": "token-of-Iv1.a"}
    assert set(run.jobs) == {"renew", "open"}


@pytest.mark.nightly
def test_rows_are_added_by_an_account_of_their_own(workflows: Workflows) -> None:
    """The job that opens the pull request logs in as it; the one that renews as nobody."""
    run = renew(workflows, LEFT, opened(checks="none"), **PROJECT, RENEWER="renewer@a-project")
    assert run.succeeded, run.output
    project, provider, _ = PROJECT.values()
    assert of_job(run, "open") == [
        "download-artifact renewal untrusted  ",
        f"auth {project} {provider} renewer@a-project",
        f"setup-gcloud {GCLOUD}",
        "twinserve renew open untrusted/renewal",
    ]
    assert not [line for line in of_job(run, "renew") if line.startswith("auth")]
    assert "rows" not in run.jobs


def test_rows_are_renewed_by_one_who_reads_the_table(workflows: Workflows) -> None:
    """In a job of their own, of main's code alone; what it leaves is opened as ever."""
    reading = {"READER": "reader@a-project", "READING_PROVIDER": "a/provider"}
    variables = {**PROJECT, **reading, "DATA_LOGIN": "aws:x"}
    run = renew(workflows, LEFT, opened(checks="none"), kind="data", **variables)
    assert run.succeeded, run.output
    assert of_job(run, "rows") == [
        "auth a-project a/provider reader@a-project",
        "twinserve renew planned --leave reports/renewal",
        "upload-artifact renewal error reports/renewal/*",
    ]
    (planned,) = [call for call in run.calls if "planned" in call.words]
    told = {name: planned.environment[name] for name in ("KIND", "DATA_LOGIN")}
    assert told == {"KIND": "data", "DATA_LOGIN": "aws:x"}
    assert "twinserve renew open untrusted/renewal" in of_job(run, "open")
    assert "renew" not in run.jobs


@pytest.mark.nightly
def test_refusal_is_told_and_red(workflows: Workflows) -> None:
    """What was left says why."""
    run = renew(workflows, REFUSED, opened(checks="none"))
    assert run.jobs == {"renew": "failure", "open": "success"}
    assert "twinserve renew open untrusted/renewal" in run.lines()


def test_fork_is_left_alone_until_it_is_switched_on(workflows: Workflows) -> None:
    """Nothing runs."""
    payload = events.schedule() | {"schedule": "23 3 * * 1"}
    run = workflows.run("renew.yml", "schedule", payload, rules=[LEFT])
    assert run.succeeded
    assert not run.calls


@pytest.mark.parametrize(
    "cron", [pytest.param(cron, marks=pytest.mark.nightly) for cron in SCHEDULES]
)
def test_hour_says_which_kind(workflows: Workflows, cron: str) -> None:
    """The command is told the hour, and knows it."""
    payload = events.schedule() | {"schedule": cron}
    rules = [LEFT, opened(checks="none")]
    run = workflows.run("renew.yml", "schedule", payload, rules=rules, variables=ON)
    assert run.succeeded, run.output
    (planned,) = [call for call in run.calls if "planned" in call.words]
    assert planned.environment["SCHEDULE"] == cron
    job = "rows" if SCHEDULES[cron] == "data" else "renew"
    assert set(run.jobs) == {job, "open"}


def test_renewal_that_waits_is_not_dropped_for_a_later_one() -> None:
    """The night's for a vulnerable package may wait for a week's, and drift's comes after both."""
    concurrency = read_files(texts_of()).workflows["renew.yml"]["concurrency"]
    assert concurrency == {"group": "renewal", "cancel-in-progress": False, "queue": "max"}


def test_vulnerabilities_are_looked_for_each_night(workflows: Workflows) -> None:
    """With the right to start what mends them, and the run's own token."""
    run = workflows.run("nightly.yml", "schedule", events.schedule())
    (told,) = [call for call in run.calls if call.line == "twinserve audit --tell"]
    assert told.environment["GH_TOKEN"] == TOKEN
    assert run.jobs["audit"] == "success"
