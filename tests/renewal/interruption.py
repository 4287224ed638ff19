"""A renewal of a small project, interrupted while a phase of it is under way."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.package_index import PackageIndex
from tests.renewal.small_project import command, environment, kept

COMPARE = "compare"
# In their order, after what is renewed has been looked up: what `fit` does, then the comparison.
PHASES = ("environment", "repro", "verify", "lint", "test-model", "test-engine", COMPARE)
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
LONGEST_S = 60


def cases(*phases: str, quick: tuple[str, signal.Signals] | None = None) -> list[object]:
    """Each phase with each signal, of which the night alone tries all but one at most."""
    return [
        pytest.param(phase, number, marks=() if (phase, number) == quick else pytest.mark.nightly)
        for phase in phases
        for number in SIGNALS
    ]


def copy_of(project: Repository, folder: Path, phase: str) -> Repository:
    """A project as it is, but that a phase does not end: what all cases share is made once."""
    shutil.copytree(project.directory, folder, symlinks=True)
    copy = Repository(folder)
    copy.write("broken.txt", f"{phase} beta 1.0 wait")
    copy.commit("A phase that does not end")
    return copy


def has_begun(project: Repository) -> bool:
    """Whether the phase has begun that `broken.txt` names, which does not end."""
    began = project.path(".cache/renewal/began")
    return began.exists() and bool(began.read_text())


def wait_for(begun: Callable[[], bool], process: "subprocess.Popen[Any]") -> None:
    """Wait until the phase has begun, in a process that goes on."""
    while not begun():
        assert process.poll() is None
        time.sleep(0.02)


def interrupt(
    project: Repository,
    index: PackageIndex,
    kind: str,
    number: signal.Signals,
    begun: Callable[[], bool],
    start: Callable[..., list[str]] = command,
) -> None:
    """Renew until the phase has begun, send a signal: no process goes on, and all is as it was."""
    before, branches = kept(project), project.git("branch", "--list")
    process = subprocess.Popen(
        start("renew", *kind.split(), "--engine"), cwd=project.directory, env=environment(index)
    )
    wait_for(begun, process)
    children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(LONGEST_S) != 0
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


def mend(project: Repository) -> None:
    """Let every phase end."""
    project.write("broken.txt", "")
    project.commit("Mended")
