"""The workflows of a pull request, executed by act, with what goes wrong.

The project's own commands are played here (``stand_ins.py``), since each is tested for itself and
some take minutes; what is real is everything that stands in the workflow files.
"""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import TOKEN, Run, Workflows
from tests.pipeline.workflows.project_runs import PROJECT, SETTING_UP
from tests.pipeline.workflows.stand_ins import Rule, failing
from tests.renewed import PYTHON
from tests.tools import NIGHTLY_CASE
from twinserve.config.errors import UserError
from twinserve.review.plan import DATA, JOBS, READING, settle

REVIEWED: Rule = {"call": "review collect", "files": {"reports/review.json": "{}"}}


def planned(*jobs: str) -> Rule:
    """Let the base's code plan these jobs."""
    return {"call": "review plan", "files": {"$GITHUB_OUTPUT": f"jobs={json.dumps(jobs)}\n"}}


PLANNED = planned(*JOBS)
# Who may read DVC's bucket, where a repository has a project.
READER = {**PROJECT, "READER": "reader", "READING_PROVIDER": "a/provider"}


def run_checks(
    workflows: Workflows,
    *rules: Rule,
    fork: bool = False,
    variables: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Run:
    """Run the checks of a pull request, whose figures can be had."""
    return workflows.run(
        "pr.yml",
        "pull_request",
        events.pull_request(fork=fork),
        rules=[*rules, REVIEWED],
        variables=variables,
        secrets=secrets,
    )


def results(run: Run) -> dict[str, Any]:
    """Each job's result, as the verdict is told."""
    needs: dict[str, Any] = json.loads(run.calls[-1].environment["NEEDS"])
    return needs


@pytest.mark.parametrize("fork", [False, True])
def test_pull_request_runs_every_check(workflows: Workflows, fork: bool) -> None:  # noqa: FBT001
    """Lint, both suites, container, audit and figures, where all are planned; and no login."""
    run = run_checks(workflows, PLANNED, fork=fork)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(("plan", *JOBS, "all-green"), "success")
    lines = run.lines()
    for line in (
        "python3 -m twinserve review plan --tree ..",
        "make lint",
        "make test-model",
        "twinserve build --engine docker",
        "twinserve verify --image --engine docker",
        "twinserve check --engine docker",
        "make audit",
        "twinserve review collect --base .base --output reports/review.json",
        "twinserve review judge reports/review.json",
        "python3 -m twinserve review settle",
    ):
        assert lines.count(line) == 1, line
    assert "data" not in run.jobs
    shards = [call.environment.get("SHARD") for call in run.calls if "test-engine" in call.words]
    assert sorted(map(str, shards)) == ["1/4", "2/4", "3/4", "4/4"]
    assert lines.count(f"checkout {events.BASE} .base") == 4
    assert (workflows.stand_ins.artifacts / "review" / "review.json").read_text() == "{}"
    assert not [line for line in lines if line.startswith(("auth", "gcloud"))]


def test_only_planned_jobs_run_and_the_verdict_is_told_all(workflows: Workflows) -> None:
    """A change of the parameters runs the model's suite and the figures, and nothing else."""
    run = run_checks(workflows, planned("model", "review"))
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(("plan", "model", "review", "all-green"), "success")
    assert settle(results(run)) == "all that was due has succeeded: model, review"
    assert {name: job["result"] for name, job in results(run).items()} == {
        **dict.fromkeys((DATA, *JOBS), "skipped"),
        **dict.fromkeys(("plan", "model", "review"), "success"),
    }


def fetched(table: str) -> Rule:
    """Have the job that fetches tell the others."""
    files = {"$GITHUB_OUTPUT": f"table={table}\n", "reports/review.json": "{}"}
    return {"call": "twinserve fetch", "files": files}


def test_table_is_fetched_once_for_all_jobs_that_read_it(workflows: Workflows) -> None:
    """By an account of its own, and kept under the run's own name; the others have no login."""
    run = run_checks(workflows, planned(DATA, *JOBS), fetched("fetched"), variables=READER)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(("plan", DATA, *JOBS, "all-green"), "success")
    lines = run.lines()
    assert lines.count("twinserve fetch --base .base --unread reports/review.json") == 1
    (login,) = [line for line in lines if line.startswith("auth")]
    assert "reader" in login
    kept = [line for line in lines if line.startswith(("cache-save", "cache-restore"))]
    assert sorted({line.split()[0] for line in kept}) == ["cache-restore", "cache-save"]
    assert len(kept) == 1 + len(READING)
    assert len({line.partition(" ")[2] for line in kept}) == 1
    assert settle(results(run)).startswith("all that was due has succeeded: data, lint, model")


def test_fork_whose_table_cannot_be_read_does_the_rest(
    workflows: Workflows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No login is tried, no job that reads the table runs, and the comment gets its reason."""
    rules = (planned(DATA, *JOBS), fetched("unreadable"))
    run = run_checks(workflows, *rules, fork=True, variables=READER)
    assert run.succeeded, run.output
    assert not READING & set(run.jobs)
    assert {"plan", DATA, "lint", "engine", "audit", "all-green"} == set(run.jobs)
    assert not [line for line in run.lines() if line.startswith(("auth", "cache-"))]
    (call,) = [call for call in run.calls if "fetch" in call.words]
    assert call.environment["WITHOUT_LOGIN"] == "true"
    assert (workflows.stand_ins.artifacts / "review" / "review.json").exists()
    monkeypatch.setenv("WITHOUT_LOGIN", run.calls[-1].environment["WITHOUT_LOGIN"])
    assert settle(results(run)).endswith("cannot be read here")


def test_full_check_holds_a_named_commit_with_the_readers_login(workflows: Workflows) -> None:
    """What the fork's run could not do: by hand, as one who reads the table and nothing else."""
    run = workflows.run(
        "full-check.yml",
        "workflow_dispatch",
        events.dispatch(commit=events.HEAD),
        variables=PROJECT | {"READER": "reader", "READING_PROVIDER": "a/provider"},
    )
    assert run.jobs == {"model": "success"}, run.output
    assert [line for line in run.lines() if not line.startswith(SETTING_UP)] == [
        f"checkout {events.HEAD} .",
        "auth a-project a/provider reader",
        "make test-model",
    ]


def test_table_that_is_not_there_is_red(workflows: Workflows) -> None:
    """Nothing that reads it runs, and the verdict names the job: a forgotten `dvc push`, say."""
    run = run_checks(workflows, failing("twinserve fetch"), planned(DATA, *JOBS))
    assert run.jobs[DATA] == "failure"
    assert not READING & set(run.jobs)
    with pytest.raises(UserError, match="data: failure, and success by the plan"):
        settle(results(run))


def test_environment_of_an_earlier_run_is_taken_as_made(workflows: Workflows) -> None:
    """A hit in the cache makes `make .venv/ready` a look-up; a miss changes nothing."""
    hit: Rule = {"call": "cache .venv", "files": {"$GITHUB_OUTPUT": "cache-hit=true\n"}}
    for rules, touched in (([hit], ["make --touch .venv/ready"]), ([], [])):
        run = run_checks(workflows, *rules, planned("lint"))
        assert run.succeeded, run.output
        (cached,) = [line for line in run.lines() if line.startswith("cache")]
        assert cached.startswith("cache .venv environment-Linux-")
        made = [line for line in run.lines() if line.startswith("make ")]
        assert made == [*touched, "make .venv/ready", "make lint"]


@pytest.mark.parametrize(
    ("call", "job"),
    [
        ("make test-engine", "engine"),
        *(
            NIGHTLY_CASE(call, job)
            for call, job in (
                ("twinserve check", "container"),
                ("review judge", "review"),
                ("make lint", "lint"),
                ("make test-model", "model"),
                ("make repro", "container"),
                ("twinserve build", "container"),
                ("twinserve verify --image", "container"),
                ("make audit", "audit"),
                ("review collect", "review"),
            )
        ),
    ],
)
def test_failure_of_any_check_reaches_the_verdict(
    workflows: Workflows, call: str, job: str
) -> None:
    """Whatever fails, its job fails, and the one check that is required is told so."""
    run = run_checks(workflows, failing(call), PLANNED)
    assert run.jobs[job] == "failure"
    with pytest.raises(UserError, match=f"^{job}: failure, and success by the plan$"):
        settle(results(run))


@pytest.mark.parametrize("call", ["review plan", NIGHTLY_CASE("review settle")])
def test_pull_request_without_plan_or_verdict_is_red(workflows: Workflows, call: str) -> None:
    """A plan that fails runs nothing; a verdict that fails is the failure of the required check."""
    run = run_checks(workflows, failing(call), PLANNED)
    assert not run.succeeded
    if call == "review plan":
        with pytest.raises(UserError, match="plan: failure"):
            settle(results(run))
        assert set(run.jobs) == {"plan", "all-green"}
    else:
        assert run.jobs["all-green"] == "failure"


def test_figures_of_what_is_too_slow_are_kept(workflows: Workflows) -> None:
    """The gate fails the job after the reviewer's figures were uploaded."""
    run = run_checks(workflows, failing("review judge"), PLANNED)
    assert run.jobs["review"] == "failure"
    assert (workflows.stand_ins.artifacts / "review" / "review.json").exists()


def test_comment_is_written_by_the_trusted_code(workflows: Workflows) -> None:
    """Main is checked out, the run's artifact fetched, and one command told what it is about."""
    left = workflows.stand_ins.artifacts / "review"
    left.mkdir()
    (left / "review.json").write_text("")
    run = workflows.run("pr-comment.yml", "workflow_run", events.workflow_run(fork=True))
    assert run.succeeded, run.output
    assert [line for line in run.lines() if not line.startswith("cache ")] == [
        "checkout main .",
        f"setup-python {PYTHON}",
        "make .venv/ready",
        f"download-artifact review untrusted 4711 {TOKEN}",
        "twinserve review comment untrusted/review/review.json",
    ]
    told = {
        "GH_TOKEN": TOKEN,
        "HEAD_SHA": events.HEAD,
        "HEAD_BRANCH": "topic",
        "HEAD_OWNER": "stranger",
        "RUN_URL": "https://github.com/owner/twinserve/actions/runs/4711",
    }
    assert told.items() <= run.calls[-1].environment.items()


@pytest.mark.parametrize(
    "payload",
    [events.workflow_run(event="push"), events.workflow_run(conclusion="cancelled")],
    ids=["a run of a push", "a run that was superseded"],
)
def test_nothing_is_said_of_other_runs(workflows: Workflows, payload: Mapping[str, object]) -> None:
    """Only a pull request's run that came to its end is commented on."""
    run = workflows.run("pr-comment.yml", "workflow_run", payload)
    assert run.succeeded
    assert not run.calls


@pytest.mark.nightly
def test_red_pull_request_is_commented_on_too(workflows: Workflows) -> None:
    """A reviewer wants the figures of a run whose tests fail."""
    payload = events.workflow_run(conclusion="failure")
    run = workflows.run("pr-comment.yml", "workflow_run", payload)
    assert run.lines()[-1] == "twinserve review comment untrusted/review/review.json"


@pytest.mark.parametrize(
    ("event", "payload"), [("push", events.push()), ("pull_request", events.pull_request())]
)
def test_workflows_are_linted(
    workflows: Workflows, event: str, payload: Mapping[str, object]
) -> None:
    """By the same command as on a desk, with a token to look pins up; its failure is the job's."""
    run = workflows.run("lint-workflows.yml", event, payload)
    assert run.succeeded, run.output
    assert run.lines()[-1] == "make lint-workflows"
    assert run.calls[-1].environment["GH_TOKEN"] == TOKEN
    run = workflows.run(
        "lint-workflows.yml", event, payload, rules=[failing("make lint-workflows")]
    )
    assert run.jobs == {"lint": "failure"}
