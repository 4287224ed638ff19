"""A renewal that is interrupted in any of its phases leaves the tree as it was."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.renewal.package_index import PackageIndex, serve_index
from tests.renewal.small_project import (
    call,
    command,
    environment,
    kept,
    make_small_project,
    pins_of,
)

RESOLVE, COMPARE = "resolve", "compare"
# In their order: versions are looked for, installed, tried by each check; bundles are compared.
PHASES = (RESOLVE, "environment", "repro", "verify", "lint", "test-model", "test-engine", COMPARE)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """The only place that packages come from."""
    with serve_index(tmp_path / "index") as served:
        yield served


def wait_until_under_way(
    process: subprocess.Popen[bytes], phase: str, index: PackageIndex, began: Path
) -> None:
    """Until the phase that does not end has begun."""
    while not (index.asked.is_set() if phase == RESOLVE else began.exists() and began.read_text()):
        assert process.poll() is None
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("phase", "number"),
    [
        pytest.param(
            phase,
            number,
            marks=() if (phase, number) == ("repro", signal.SIGTERM) else pytest.mark.nightly,
        )
        for phase in PHASES
        for number in SIGNALS
    ],
)
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path, index: PackageIndex, phase: str, number: signal.Signals
) -> None:
    """No process goes on; what a kill has left is cleared by the next run, which goes through."""
    project = make_small_project(tmp_path / "project", index, f"{phase} beta 2.0 wait")
    index.publish("beta", "2.0")
    index.stalled = "beta" if phase == RESOLVE else ""
    before, branches = kept(project), project.git("branch", "--list")
    process = subprocess.Popen(
        command("renew", "packages", "--engine"), cwd=project.directory, env=environment(index)
    )
    wait_until_under_way(process, phase, index, project.path(".cache/renewal/began"))
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(60) != 0
    if number == signal.SIGKILL:
        for child in children:
            with suppress(psutil.NoSuchProcess):
                child.kill()
    _, running = psutil.wait_procs(children, timeout=10)
    assert running == []
    assert kept(project) == before
    assert project.git("branch", "--list") == branches
    if number != signal.SIGKILL:
        assert project.git("worktree", "list").count("\n") == 0
    index.stalled = ""
    project.write("broken.txt", "")
    project.commit("Mended")
    done = call(project.directory, index, "renew", "packages", "--engine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert pins_of(project, "renew/packages")["beta"] == "2.0"
