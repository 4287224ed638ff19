"""The workflows of a pull request, executed by act, with what goes wrong.

The project's own commands are played here (``stand_ins.py``), since each is tested for itself and
some take minutes; what is real is everything that stands in the workflow files.
"""

from collections.abc import Mapping

import pytest

from tests.pipeline import events
from tests.pipeline.act import TOKEN, Run, Workflows
from tests.pipeline.stand_ins import Rule, failing

REVIEWED: Rule = {"call": "review collect", "files": {"reports/review.json": "{}"}}
PULL_REQUEST_JOBS = {
    "lint", "test", "every-tool", "reproduce", "container", "audit", "review", "all-green"
}  # fmt: skip


@pytest.mark.parametrize("fork", [False, True])
def test_pull_request_runs_every_check(workflows: Workflows, fork: bool) -> None:  # noqa: FBT001
    """Lint, tests on each Python, reproduction, container, audit and figures, and no login."""
    run = workflows.run("pr.yml", "pull_request", events.pull_request(fork=fork), rules=[REVIEWED])
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(PULL_REQUEST_JOBS, "success")
    lines = run.lines()
    for version in ("3.11", "3.12", "3.13"):
        assert f"setup-python {version}" in lines
    for line in (
        "python -m delivery repro --locked",
        "python -m delivery build --engine docker",
        "python -m delivery verify --image --engine docker",
        "python -m delivery check --engine docker",
        "make audit",
        f"checkout {events.BASE} .base",
        "python -m review collect --base .base --output reports/review.json",
        "python -m review judge reports/review.json",
    ):
        assert lines.count(line) == 1, line
    assert lines.count("make test") == 2
    assert lines.count("make test-all") == 1
    assert lines.count("make lint") == 2
    assert (workflows.stand_ins.artifacts / "review" / "review.json").read_text() == "{}"
    assert not [line for line in lines if line.startswith(("auth", "gcloud"))]


def test_one_job_allows_no_missing_tool(workflows: Workflows) -> None:
    """REQUIRE_TOOLS is 1 in the job that runs what every change must pass."""
    run = workflows.run("pr.yml", "pull_request", events.pull_request(), rules=[REVIEWED])
    strict = {
        call.environment["GITHUB_JOB"]
        for call in run.calls
        if call.line == "make test-all" and call.environment.get("REQUIRE_TOOLS") == "1"
    }
    assert strict == {"every-tool"}


@pytest.mark.parametrize(
    ("call", "job"),
    [
        ("make lint", "lint"),
        ("make test", "test"),
        ("make test-all", "every-tool"),
        ("delivery repro --locked", "reproduce"),
        ("delivery build", "container"),
        ("delivery verify --image", "container"),
        ("delivery check", "container"),
        ("make audit", "audit"),
        ("review collect", "review"),
        ("review judge", "review"),
    ],
)
def test_pull_request_is_red_if_any_check_is(workflows: Workflows, call: str, job: str) -> None:
    """Whatever fails, its job fails, and with it the one check that is required."""
    rules = [failing(call), REVIEWED]
    run = workflows.run("pr.yml", "pull_request", events.pull_request(), rules=rules)
    assert run.jobs[job] == "failure"
    assert run.jobs["all-green"] == "failure"


def test_figures_of_what_is_too_slow_are_kept(workflows: Workflows) -> None:
    """The gate fails the job after the reviewer's figures were uploaded."""
    rules = [failing("review judge"), REVIEWED]
    run = workflows.run("pr.yml", "pull_request", events.pull_request(), rules=rules)
    assert run.jobs["review"] == "failure"
    assert (workflows.stand_ins.artifacts / "review" / "review.json").exists()


def test_comment_is_written_by_the_trusted_code(workflows: Workflows) -> None:
    """Main is checked out, the run's artifact fetched, and one command told what it is about."""
    put(workflows, "review", "review.json")
    run = workflows.run("pr-comment.yml", "workflow_run", events.workflow_run(fork=True))
    assert run.succeeded, run.output
    assert run.lines() == [
        "checkout main .",
        "setup-python 3.11",
        "make .venv/ready",
        f"download-artifact review untrusted 4711 {TOKEN}",
        "python -m review comment untrusted/review/review.json",
    ]
    assert_told(
        run,
        {
            "GH_TOKEN": TOKEN,
            "HEAD_SHA": events.HEAD,
            "HEAD_BRANCH": "topic",
            "HEAD_OWNER": "stranger",
            "RUN_URL": "https://github.com/owner/twinserve/actions/runs/4711",
        },
    )


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


def test_red_pull_request_is_commented_on_too(workflows: Workflows) -> None:
    """A reviewer wants the figures of a run whose tests fail."""
    payload = events.workflow_run(conclusion="failure")
    run = workflows.run("pr-comment.yml", "workflow_run", payload)
    assert run.lines()[-1] == "python -m review comment untrusted/review/review.json"


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


def put(workflows: Workflows, artifact: str, name: str) -> None:
    """Let another run have uploaded an empty file."""
    folder = workflows.stand_ins.artifacts / artifact
    folder.mkdir()
    (folder / name).write_text("")


def assert_told(run: Run, expected: Mapping[str, str]) -> None:
    """The last call was given these variables."""
    environment = run.calls[-1].environment
    assert {name: environment.get(name) for name in expected} == dict(expected)
