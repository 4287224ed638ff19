"""cloudbuild.yaml: held against its schema and against what Cloud Build refuses, and run.

The project's commands are played (``stand_ins.py``): each is tested for itself. The copying of the
two clients out of their images is real, from folders that stand for the images.
"""

import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.builds.build_rules import AFTER, COMMANDS
from tests.pipeline.builds.cloud_build import Outcome, Worker, faults, read, steps
from tests.pipeline.workflows.stand_ins import StandIns, install
from tests.renewed import PYTHON
from tests.tools import write_program
from tests.tree import ROOT
from twinserve.delivery.release.submit import LEFT
from twinserve.targets.google.build import without

FILE = ROOT / "cloudbuild.yaml"
GIVEN = {"PROJECT_ID": "a-project", "BUILD_ID": "b-1", "_COMMIT": "c" * 40}


@pytest.fixture
def build() -> dict[str, Any]:
    """The file."""
    return read(FILE)


@pytest.fixture
def stand_ins(tmp_path: Path) -> StandIns:
    """The project's commands, played in a workspace."""
    return install(tmp_path / "stand-ins", tmp_path / "workspace")


@pytest.fixture
def worker(tmp_path: Path, stand_ins: StandIns) -> Worker:
    """A machine with folders that stand for the images' files."""
    images = {
        "gcr.io/google.com/cloudsdktool/google-cloud-cli": ["google-cloud-sdk/bin/gcloud"],
        "docker": ["usr/local/bin/docker", "usr/local/libexec/docker/cli-plugins/docker-buildx"],
    }
    for image, files in images.items():
        for name in files:
            path = tmp_path / "images" / image / name
            write_program(path, f"#!/bin/sh\necho {path.name}\n")
    # Before there is an environment, the image's own Python runs a command.
    own = tmp_path / "images" / "python" / "usr" / "local" / "bin"
    own.mkdir(parents=True)
    shutil.copy2(stand_ins.folder / "bin" / "python3", own)
    (tmp_path / "home").mkdir()
    return Worker(
        tmp_path / "workspace",
        tmp_path / "home",
        {image: tmp_path / "images" / image for image in (*images, "python")},
        stand_ins.environment(tmp_path),
    )


def run(
    worker: Worker, stand_ins: StandIns, build: dict[str, Any], *, failing: str | None = None
) -> Outcome:
    """Run the build with a commit; the command that ``failing`` names exits with 1."""
    stand_ins.lead([{"call": failing, "exit": 1}] if failing else [])
    return worker.run(build, GIVEN)


def as_called(command: str) -> str:
    """A stand-in is known by its program's name alone."""
    return command.removeprefix(".venv/bin/")


def test_file_fits_its_schema() -> None:
    """Google's own schema knows every key and every timeout."""
    checker = Path(sys.executable).parent / "check-jsonschema"
    command = [str(checker), "--builtin-schema", "vendor.cloudbuild", str(FILE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_file_has_nothing_that_cloud_build_refuses(build: dict[str, Any]) -> None:
    """Ids, waits, substitutions, pins and timeouts are in order."""
    assert faults(build) == []


@pytest.mark.parametrize(
    ("place", "value", "fault"),
    [
        (
            ("steps", 3, "waitFor"),
            ["enviroment"],
            "reproduce: waits for enviroment, which no earlier step is",
        ),
        (
            ("steps", 3, "waitFor"),
            ["release"],
            "reproduce: waits for release, which no earlier step is",
        ),
        (("steps", 4, "id"), "reproduce", "reproduce: has no id of its own"),
        (
            ("steps", 2, "name"),
            f"python:{PYTHON}-bookworm",
            f"environment: python:{PYTHON}-bookworm is not pinned by digest",
        ),
        (("steps", 2, "timeout"), None, "environment: has no timeout"),
        (("substitutions", "_COMMIT"), None, "$_COMMIT is not declared"),
        (("substitutions", "_COMMIT"), "$COMIT_SHA", "$COMIT_SHA is not declared"),
        (("substitutions", "_REGION"), "us-central1", "$_REGION is declared and not used"),
    ],
)
def test_fault_is_found(
    build: dict[str, Any], place: tuple[str | int, ...], value: object, fault: str
) -> None:
    """What the schema lets pass is named: a member that is another, or gone."""
    *way, member = place
    part: Any = build
    for step in way:
        part = part[step]
    if value is None:
        del part[member]
    else:
        part[member] = value
    assert fault in faults(build)


def test_steps_run_in_the_order_that_they_need(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns
) -> None:
    """Each is one of the project's commands, after those whose work it takes up."""
    outcome = run(worker, stand_ins, build)
    assert outcome.succeeded, outcome.outputs
    assert {step.id: set(step.wait_for) for step in steps(build)} == AFTER
    assert set(outcome.exit_codes) == set(AFTER)
    assert sorted(call.line for call in stand_ins.calls()) == sorted(
        map(as_called, COMMANDS.values())
    )
    ended = list(outcome.exit_codes)
    for name, needed in AFTER.items():
        assert all(ended.index(earlier) < ended.index(name) for earlier in needed)


def test_independent_steps_run_side_by_side(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns
) -> None:
    """The two clients are fetched at once; so are test and image made."""
    together = {"gcloud": 0, "docker": 0, "test": 1, "bundle": 1}
    gates = [threading.Barrier(2), threading.Barrier(2)]

    def begin(step: str) -> None:
        if step in together:
            gates[together[step]].wait(timeout=600)

    object.__setattr__(worker, "on_begin", begin)
    assert run(worker, stand_ins, build).succeeded


def test_commit_and_project_reach_the_commands(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns
) -> None:
    """Whatever names, pushes or releases knows the project, and of what commit it is."""
    run(worker, stand_ins, build)
    seen = {call.line: call.environment for call in stand_ins.calls()}
    for step in ("environment", "build", "push", "release", "record"):
        assert seen[as_called(COMMANDS[step])]["GOOGLE_CLOUD_PROJECT"] == "a-project"
    for step in ("build", "push", "release"):
        assert seen[as_called(COMMANDS[step])]["COMMIT_SHA"] == "c" * 40
    assert seen[as_called(COMMANDS["release"])]["BUILD_ID"] == "b-1"


def test_trigger_gives_the_commit_itself(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns
) -> None:
    """Started by a trigger, the build takes Cloud Build's own substitution."""
    stand_ins.lead([])
    worker.run(build, {"PROJECT_ID": "a-project", "BUILD_ID": "b", "COMMIT_SHA": "d" * 40})
    (release,) = [call for call in stand_ins.calls() if call.line == as_called(COMMANDS["release"])]
    assert release.environment["COMMIT_SHA"] == "d" * 40


def test_clients_are_where_the_commands_look(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns, tmp_path: Path
) -> None:
    """Both clients, and docker's plugin for builds, come out of their images onto the PATH."""
    assert run(worker, stand_ins, build).succeeded
    home = tmp_path / "home"
    assert (home / ".docker" / "cli-plugins" / "docker-buildx").exists()
    for step in ("build", "push", "release", "record"):
        (own,) = [step_raw for step_raw in build["steps"] if step_raw["id"] == step]
        (path,) = [variable for variable in own["env"] if variable.startswith("PATH=")]
        local = path.removeprefix("PATH=").replace("/builder/home", str(home))
        for program in ("gcloud", "docker"):
            command = ["/usr/bin/env", f"PATH={local}", program]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            assert done.stdout == f"{program}\n"


@pytest.mark.parametrize("failing", list(COMMANDS))
def test_failed_step_lets_none_follow_that_needs_it(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns, failing: str
) -> None:
    """Nothing is pushed of what fails its test, nothing released of what was not pushed."""
    outcome = run(
        worker, stand_ins, build, failing=as_called(COMMANDS[failing]).removeprefix("python ")
    )
    assert not outcome.succeeded
    assert outcome.exit_codes[failing] == 1
    needing = {failing}
    for name, needed in AFTER.items():
        if needed & needing:
            needing.add(name)
    assert not (needing - {failing}) & set(outcome.exit_codes)


def test_build_ends_before_github_gives_up(build: dict[str, Any]) -> None:
    """The whole has a limit, no step one above it."""
    limit = float(build["timeout"].removesuffix("s"))
    assert all(step.timeout_s <= limit for step in steps(build) if step.timeout_s)


def test_submitted_build_is_the_same_less_what_the_caller_does(
    build: dict[str, Any], worker: Worker, stand_ins: StandIns
) -> None:
    """Neither reproduced, tested nor released by the build; the rest is as in the file."""
    dropped = LEFT
    less = without(build, dropped)
    assert faults(less) == []
    expected = {name: needed - dropped for name, needed in AFTER.items() if name not in dropped}
    assert {step.id: set(step.wait_for) for step in steps(less)} == expected
    assert set(run(worker, stand_ins, less).exit_codes) == set(expected)
    assert {key: value for key, value in less.items() if key != "steps"} == {
        key: value for key, value in build.items() if key != "steps"
    }
    for step in less["steps"]:
        (whole,) = [original for original in build["steps"] if original["id"] == step["id"]]
        assert {**step, "waitFor": 0} == {**whole, "waitFor": 0}


def test_build_fits_the_smallest_quota_twice(build: dict[str, Any]) -> None:
    """No machine type: the standard one waits ready and has 2 CPUs, of 5 in the smallest quota.

    Sources: Cloud Build's documentation, "Pricing" (e2-standard-2 starts without provisioning),
    "Quotas and limits" (CPUs of a regional default pool: 5 to 100, not to be increased).
    """
    assert "machineType" not in build["options"]
