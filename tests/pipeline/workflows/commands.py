"""Whether a command line that stands in the pipeline's files is one that the project has."""

import io
import re
import shlex
from contextlib import redirect_stderr
from functools import cache

from tests.tree import ROOT
from twinserve.commands import COMMANDS, parser_of

TWINSERVE = ".venv/bin/twinserve"
# The machine's own, before anything is installed, for the commands that need nothing.
BARE = "python3"
WITHOUT_INSTALLING = (
    ["review", "plan"],
    ["review", "settle"],
    ["schedules"],
    ["images"],
    ["environment"],
)
# Shell that is no command of the project's, each a single line.
PLAIN = {
    "bash .ci/run test-all",
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
    line = line.removesuffix(' >> "$GITHUB_STEP_SUMMARY"').removesuffix(' >> "$GITHUB_OUTPUT"')
    words = shlex.split(line)
    if words[0] == "make":
        return _make(words[1:])
    if words[0] == TWINSERVE:
        return _twinserve(*words[1:])
    if words[:3] != [BARE, "-m", "twinserve"]:
        return f"{words[0]} is not the project's"
    if not any(words[3 : 3 + len(bare)] == bare for bare in WITHOUT_INSTALLING):
        return (
            f"{' '.join(words[3:4]) or 'it'} needs what is installed in {TWINSERVE}'s environment"
        )
    return _twinserve(*words[3:])


def _make(targets: list[str]) -> str | None:
    targets = [target for target in targets if target != "--touch"]
    unknown = [target for target in targets if target not in _targets()]
    return f"make has no target {unknown}" if unknown or len(targets) != 1 else None


def _twinserve(command: str = "", *rest: str) -> str | None:
    if command not in COMMANDS:
        return f"there is no command {command}"
    said = io.StringIO()
    try:
        with redirect_stderr(said):
            parser_of(command).parse_args(rest)
    except SystemExit:
        return f"{command}: {said.getvalue().splitlines()[-1]}"
    return None


@cache
def _targets() -> frozenset[str]:
    return frozenset(
        re.findall(r"^([.\w/-]+):(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
