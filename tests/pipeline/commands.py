"""Whether a command line that stands in the pipeline's files is one that the project has."""

import argparse
import io
import re
import shlex
from contextlib import redirect_stderr
from functools import cache
from importlib import import_module
from pathlib import Path

from delivery.__main__ import COMMANDS
from review.__main__ import parser as review_parser

ROOT = Path(__file__).parent.parent.parent
PYTHON = ".venv/bin/python"
# The machine's own, before anything is installed, for the commands that need nothing.
BARE = "python3"
WITHOUT_INSTALLING = (
    ["review", "plan"],
    ["review", "settle"],
    ["delivery", "schedules"],
    ["delivery", "environment"],
)
# Shell that is no command of the project's, each a single line.
PLAIN = {
    "bash .ci/run",
    'cat reports/report.md >> "$GITHUB_STEP_SUMMARY"',
    'cat reports/monitoring.md >> "$GITHUB_STEP_SUMMARY"',
    'cat .github/notes/unsigned.md >> "$GITHUB_STEP_SUMMARY"',
    'git config --global --add safe.directory "$GITHUB_WORKSPACE"',
}


def fault(line: str) -> str | None:
    """Why the project has no such command; None if it has."""
    if line in PLAIN:
        return None
    line = line.removesuffix(' | tee -a "$GITHUB_STEP_SUMMARY"')
    line = line.removesuffix(' >> "$GITHUB_STEP_SUMMARY"')
    words = shlex.split(line)
    if words[0] == "make":
        return _make(words[1:])
    if words[:2] not in ([PYTHON, "-m"], [BARE, "-m"]):
        return f"{words[0]} is not the project's"
    if words[0] == BARE and words[2:4] not in WITHOUT_INSTALLING:
        return f"{' '.join(words[2:4])} needs what is installed in {PYTHON}'s environment"
    return _python(words[2:])


def _make(targets: list[str]) -> str | None:
    targets = [one for one in targets if one != "--touch"]
    unknown = [one for one in targets if one not in _targets()]
    return f"make has no target {unknown}" if unknown or len(targets) != 1 else None


def _python(words: list[str]) -> str | None:
    module, command, rest = words[0], (words[1] if len(words) > 1 else ""), words[2:]
    if module == "review":
        parser, rest = review_parser(), words[1:]
    elif module == "delivery" and command in COMMANDS:
        parser = argparse.ArgumentParser()
        implementation = import_module(COMMANDS[command].module)
        if hasattr(implementation, "add_arguments"):
            implementation.add_arguments(parser)
    else:
        return f"there is no command {module} {command}"
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            parser.parse_args(rest)
    except SystemExit:
        return f"{module} {command}: {said.getvalue().splitlines()[-1]}"
    return None


@cache
def _targets() -> frozenset[str]:
    return frozenset(
        re.findall(r"^([.\w/-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
