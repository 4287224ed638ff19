"""The nightly workflow, executed by act: every test, every Python, every kind of machine."""

import json

import pytest

from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import Run, Workflows
from tests.pipeline.workflows.project_runs import of_job
from tests.pipeline.workflows.stand_ins import Rule, failing
from tests.tree import ROOT
from twinserve.delivery.bundle.oldest import tried_pythons
from twinserve.targets.github.reproduction import TYPE

NIGHT = ("images", "everything", "model", "audit", "engine", "machine")
PYTHONS = tried_pythons(ROOT)
REPRODUCED: Rule = {
    "call": "twinserve night",
    "files": {
        "$GITHUB_OUTPUT": "attest=true\n",
        "models/model.pkl": "",
        "reports/reproduction.json": "{}",
    },
}
IMAGES: Rule = {
    "call": "twinserve images",
    "files": {
        "$GITHUB_OUTPUT": (f"pythons={json.dumps(PYTHONS)}\nnewer={json.dumps(PYTHONS[1:])}\n")
    },
}


@pytest.fixture
def host(workflows: Workflows) -> Workflows:
    """Without the container, which act would have to start, and with this machine for each kind."""
    path = workflows.tree / ".github" / "workflows" / "nightly.yml"
    lines = path.read_text().splitlines(keepends=True)
    start = next(n for n, line in enumerate(lines) if line.strip() == "container:")
    text = "".join(lines[:start] + lines[start + 4 :])
    path.write_text(text.replace("runs-on: ${{ matrix.machine }}", "runs-on: ubuntu-latest"))
    return workflows


def run_night(host: Workflows, *rules: Rule) -> Run:
    """A night whose images are known."""
    return host.run("nightly.yml", "schedule", events.schedule(), rules=[IMAGES, *rules])


def test_night_runs_what_a_pull_request_leaves_out(host: Workflows) -> None:
    """The three suites where no tool is missing, and a newcomer's first steps on each machine."""
    run = run_night(host)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(NIGHT, "success")
    lines = run.lines()
    assert lines.count("make test-all") == 1
    assert lines.count("make test-engine") == len(PYTHONS) - 1
    assert lines.count("make run") == lines.count("make test-model") == 3 * len(PYTHONS)
    strict = {
        call.environment.get("REQUIRE_TOOLS") for call in run.calls if "test-all" in call.line
    }
    assert strict == {"1"}


@pytest.mark.nightly
def test_red_night_is_red(host: Workflows) -> None:
    """A suite that fails fails its job, and the others run to their end."""
    run = run_night(host, failing("make test-all"), failing("make test-model"))
    red = dict.fromkeys(("everything", "machine"), "failure")
    assert run.jobs == dict.fromkeys(NIGHT, "success") | red
    assert run.lines().count("make run") == 3 * len(PYTHONS)


@pytest.mark.nightly
def test_model_that_came_out_again_is_attested(host: Workflows) -> None:
    """With a predicate of its own, where GitHub can sign; what did not come out is not."""
    run = run_night(host, REPRODUCED)
    assert of_job(run, "model") == [
        "twinserve night --tell",
        f"attest models/model.pkl    {TYPE} reports/reproduction.json",
    ]
    (night,) = [call for call in run.calls if "night" in call.words]
    assert night.environment["GH_TOKEN"]
    for rule in (failing("twinserve night"), {"call": "twinserve night", "exit": 0}):
        run = run_night(host, rule)
        assert of_job(run, "model") == ["twinserve night --tell"]
    assert run.jobs["model"] == "success"
