"""What docs/renewing.md shows of renewals, to be compared with what the same commands print."""

import shlex
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.pipeline.teams.transcripts import Step, steps
from tests.tools import require
from tests.tree import ROOT
from twinserve.__main__ import main
from twinserve.config.errors import run_as_command

DOCUMENT = ROOT / "docs" / "renewing.md"
# The registries of that day come never again.
ONCE = "week"
PEOPLE = (ONCE, "parity", "stopped", "rows", "fork", "token", "drift", "pull", "night")


def shown(who: str) -> list[Step]:
    """What one of them types, with what the document has as printed."""
    return [step for step in steps(*PEOPLE, document=DOCUMENT) if step.who == who]


def words_of(step: Step) -> list[str]:
    """What follows the command's name."""
    name, *words = shlex.split(step.command)
    assert name == "twinserve", step
    return words


def type_in(step: Step, capsys: pytest.CaptureFixture[str], *more: str) -> None:
    """Run a command in this process, with options that a document need not show."""
    # A command takes SIGTERM for Ctrl-C; the tests' own process does not.
    before = signal.getsignal(signal.SIGTERM)
    with suppress(SystemExit):
        run_as_command(lambda: main([*words_of(step), *more]))
    signal.signal(signal.SIGTERM, before)
    compare(step, capsys)


def type_in_shell(step: Step, folder: Path) -> None:
    """Run what is no command of ours."""
    done = subprocess.run(
        [require("bash"), "-c", step.command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
    )
    hold(step, done.stdout)


def compare(step: Step, capsys: pytest.CaptureFixture[str]) -> None:
    """What has been printed is what the document has."""
    printed, errors = capsys.readouterr()
    hold(step, f"{printed}{errors}")


def hold(step: Step, printed: str) -> None:
    """It is what the document has, but for what that leaves out."""
    assert step.agrees(printed), f"{step.who}$ {step.command}\n{printed}"
