"""Each line of a workflow where it will run: as a user who is not root, with no tool too many.

What needs a cloud, a daemon or a registry runs elsewhere; where, is said of each line.
"""

import json

import pytest

from tests.pipeline.builds.cloud_build import read, steps
from tests.pipeline.surroundings import USER, Surroundings, give_history, lay_out
from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.tools import require
from tests.tree import ROOT

STORY = "with gcloud and Google's fake in test_story.py"
EXPORTED = "in an exported tree, in test_exported.py"
STEPS = {
    "reproduce": EXPORTED,
    "test": EXPORTED,
    "bundle": EXPORTED,
    "gcloud": "copies out of an image, in test_cloud_build.py",
    "docker": "copies out of an image, in test_cloud_build.py",
    "environment": "takes or makes an environment, in test_environment.py",
    "build": STORY,
    "push": STORY,
    "release": STORY,
    "record": STORY,
}
# A workflow's lines, in an order in which each finds what it needs.
LINES = (
    "python3 -m twinserve review plan --tree ..",
    "python3 -m twinserve review settle",
    ".venv/bin/twinserve repro --locked",
    "make repro",
    "make sbom",
    "make lint-workflows",
    "make lint",
    "make test-model",
)
ACT = "in act, with a stand-in"
LINES_ELSEWHERE = {
    "make .venv/ready": "installs packages: whoever runs these tests has done it",
    "make --touch .venv/ready": ACT,
    "make run": "the README's first command, in test_readme.py",
    "make test-engine": "the suite that this test is beside",
    "make audit": "asks a registry; its command line in test_workflows.py",
    "bash .ci/run test-all": "installs packages, then runs what is here",
    'git config --global --add safe.directory "$GITHUB_WORKSPACE"': ACT,
    'cat .github/notes/unsigned.md >> "$GITHUB_STEP_SUMMARY"': ACT,
    'cat reports/report.md >> "$GITHUB_STEP_SUMMARY"': ACT,
    'cat reports/monitoring.md >> "$GITHUB_STEP_SUMMARY"': ACT,
    'python3 -m twinserve schedules >> "$GITHUB_STEP_SUMMARY"': "in test_schedules.py",
    ".venv/bin/twinserve build --engine docker": "in test_container.py",
    ".venv/bin/twinserve verify --image --engine docker": "in test_container.py",
    ".venv/bin/twinserve check --engine docker": "in test_container.py",
    ".venv/bin/twinserve review collect --base .base --output reports/review.json": (
        "in test_collect.py"
    ),
    ".venv/bin/twinserve review judge reports/review.json": "in test_gate.py",
    ".venv/bin/twinserve review comment untrusted/review/review.json": "in test_comment.py",
    ".venv/bin/twinserve fetch --base .base --unread reports/review.json": "in test_command.py",
    ".venv/bin/twinserve fetch --base .base": "in test_command.py",
    ".venv/bin/twinserve fetch": "in test_command.py",
    ".venv/bin/twinserve night --tell": "in test_night.py",
    ".venv/bin/twinserve repro --pull --locked --push": STORY,
    ".venv/bin/twinserve submit --untested": STORY,
    ".venv/bin/twinserve tag": "in test_tag.py",
    ".venv/bin/twinserve tag --check": "in test_tag.py",
    ".venv/bin/twinserve release --from-build": STORY,
    '.venv/bin/twinserve status | tee -a "$GITHUB_STEP_SUMMARY"': STORY,
    ".venv/bin/twinserve repro --pull": STORY,
    ".venv/bin/twinserve probe": STORY,
    ".venv/bin/twinserve probe --clean-up": STORY,
    ".venv/bin/twinserve history --deployed --append": STORY,
    ".venv/bin/twinserve monitor --issue": "in test_monitor.py",
    'python3 -m twinserve images >> "$GITHUB_OUTPUT"': "in act, in test_nightly_runs.py",
    ".venv/bin/twinserve renew planned --leave reports/renewal": "in test_bring_in.py",
    ".venv/bin/twinserve renew open untrusted/renewal": "in test_opening.py",
    ".venv/bin/twinserve renew merge": "in test_merging.py",
    ".venv/bin/twinserve renew tell untrusted/review/review.json": "in test_opening.py",
    ".venv/bin/twinserve audit --tell": "in test_audit.py",
    ".venv/bin/twinserve support --tell": "in test_audit.py",
    '.venv/bin/twinserve rollback -- "$RELEASE"': "in test_rollback.py",
}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Surroundings:
    """A checkout of GitHub's runner, for its user."""
    made = lay_out(tmp_path_factory.mktemp("runner"))
    give_history(made)
    return made


def test_every_step_and_line_is_accounted_for() -> None:
    """A step or a line that is added is run in here, or it is said where it is."""
    assert {step.id for step in steps(read(ROOT / "cloudbuild.yaml"))} == set(STEPS)
    lines = {step.run for step in read_files(texts_of()).steps if step.run}
    assert lines == {*LINES, *LINES_ELSEWHERE}


@pytest.mark.nightly
def test_surroundings_have_no_tool_too_many(checkout: Surroundings) -> None:
    """No client of a cloud and no engine; and the user is not root."""
    for name in ("gcloud", "docker", "podman", "runc", "mmdebstrap", "gh", "apt-get", "sudo"):
        assert checkout.run(f"! type {name}").returncode == 0, name
    assert checkout.run("id -u").stdout == f"{USER}\n"


# Lint, reproduction and the model's suite run a second time in here.
@pytest.mark.nightly
@pytest.mark.parametrize("line", LINES)
def test_line_of_a_workflow_as_a_user(checkout: Surroundings, line: str) -> None:
    """Plan, verdict, lint, reproduction and the model's suite need no root and no tool of ours."""
    require("unshare")
    needs = {
        "plan": {"result": "success", "outputs": {"jobs": json.dumps(["model"])}},
        "model": {"result": "success"},
    }
    # Those of the base's code run in its checkout, and the tree that they look at is above it.
    line = line.replace("--tree ..", "--tree .")
    done = checkout.run(line, environment={"NEEDS": json.dumps(needs)})
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    if "plan" in line:
        assert done.stdout == "1 changed paths need: model, review\n"
