"""What a command prints, whatever characters its terminal takes."""

import subprocess
import sys

import pytest

from tests.tree import ROOT

COMMAND = """\
from rich.console import Console
from twinserve.config.errors import UserError, run_as_command

def main():
    print("1.50 \\N{PLUS-MINUS SIGN} 0.02")
    Console(width=40).print("\\N{MULTIPLICATION SIGN} 2")
    raise UserError("\\N{MULTIPLICATION SIGN} 3")

run_as_command(main)
"""


def run_with(variables: dict[str, str]) -> subprocess.CompletedProcess[bytes]:
    """Run the command in a shell that has these variables alone."""
    return subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=" ".join,
)
def test_character_that_a_terminal_does_not_take_is_replaced(variables: dict[str, str]) -> None:
    """The figures beside it are read, and no traceback is."""
    done = run_with(variables)
    assert done.stdout.decode("ascii") == "1.50 ? 0.02\n? 2\n"
    assert done.stderr.decode("ascii") == "error: ? 3\n"
    assert done.returncode == 1


@pytest.mark.parametrize("variables", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": "C.UTF-8"}])
def test_character_that_a_terminal_takes_is_shown(variables: dict[str, str]) -> None:
    """Where Python itself finds that UTF-8 will do, it does."""
    done = run_with(variables)
    assert "1.50 \N{PLUS-MINUS SIGN} 0.02" in done.stdout.decode()
