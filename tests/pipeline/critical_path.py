"""From push to promoted, step by step: ``python -m tests.pipeline.critical_path``.

Our own commands are as measured in the last run of ``test_story.py``, which leaves them in
``reports/story.json``; Google's and GitHub's parts are ranges from public logs, or unknown. The
table goes into docs/pipeline.md, between two comments.
"""

import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TypedDict

from tests.pipeline.path_parts import PATH, Part
from tests.tree import ROOT
from twinserve.config.errors import UserError, run_as_command

MEASURED = ROOT / "reports" / "story.json"
PAGE = ROOT / "docs" / "pipeline.md"
BEGIN, END = "<!-- critical path -->", "<!-- end of the critical path -->"
BUDGET_S, AIM_S = 150.0, 480.0

Times = Mapping[str, tuple[float, float]]


class Measured(TypedDict):
    """The times of a story, and how busy the machine was meanwhile."""

    times: Times
    load: float
    cores: int


def keep(times: Times) -> None:
    """Leave what a story has measured for the table."""
    MEASURED.parent.mkdir(parents=True, exist_ok=True)
    # However a stand-in has started it, it is the command that the page names.
    times = {command.removeprefix("-m "): spent for command, spent in times.items()}
    measured = Measured(times=times, load=os.getloadavg()[0], cores=os.cpu_count() or 1)
    MEASURED.write_text(json.dumps(measured, indent=2) + "\n")


def table(measured: Measured, path: Sequence[Part] = PATH) -> str:
    """The path in Markdown.

    Raises:
        UserError: a command of ours was not measured.
    """
    lines = ["| part | whose | took | computed | source |", "| --- | --- | --- | --- | --- |"]
    times, took, computed = measured["times"], 0.0, 0.0
    for part in path:
        if not part.command:
            lines.append(f"| {part.name} | theirs | {_range(part)} | | {_links(part)} |")
            continue
        if part.command not in times:
            raise UserError(f"{part.command}: not measured; run tests/pipeline/test_story.py")
        seconds, own = times[part.command]
        took, computed = took + seconds, computed + own
        lines.append(f"| {part.name} | ours | {seconds:.1f} s | {own:.1f} s | the story |")
    both = f"{took:.1f} s | {computed:.1f} s"
    lines.append(f"| **ours together**, at most {BUDGET_S:g} s | | {both} | |")
    lines += _together(path, took)
    lines.append("")
    lines.append(
        f"Measured at a load average of {measured['load']:.0f} on {measured['cores']} cores; "
        '"computed" is the processor time of our own commands. What a source calls "log" a program '
        "printed, or the two times that it lies between; the rest somebody wrote."
    )
    return "\n".join(lines)


def _together(path: Sequence[Part], ours: float) -> list[str]:
    """The rows of what is theirs and of the whole, and the parts that are in neither."""
    low, high = sum(part.low or 0 for part in path), sum(part.high or 0 for part in path)
    whole = f"{ours + low:.0f} to {ours + high:.0f} s"
    minutes = f"{(ours + low) / 60:.1f} to {(ours + high) / 60:.1f} min"
    rows = [
        f"| **theirs together** | | {low:g} to {high:g} s | | |",
        f"| **all together**, around {AIM_S:g} s | | {whole} ({minutes}) | | |",
    ]
    unknown = "; ".join(part.name for part in path if not part.command and part.low is None)
    if unknown:
        rows += ["", f"Left out of the total, since no public figure was found: {unknown}."]
    return rows


def _range(part: Part) -> str:
    return "unknown" if part.low is None else f"{part.low:g} to {part.high:g} s"


def _links(part: Part) -> str:
    links = (
        f"[{'log: ' if source.log else ''}{source.says}]({source.link})" for source in part.sources
    )
    return "; ".join(links) or "none found"


def main() -> None:
    """Write the table into the page."""
    try:
        measured: Measured = json.loads(MEASURED.read_text())
    except OSError as error:
        raise UserError(f"{MEASURED}: {error.strerror}; run tests/pipeline/test_story.py") from None
    text = PAGE.read_text()
    if BEGIN not in text or END not in text:
        raise UserError(f"{PAGE}: no {BEGIN} … {END}")
    made = f"{BEGIN}\n{table(measured)}\n{END}"
    PAGE.write_text(
        re.sub(re.escape(BEGIN) + ".*" + re.escape(END), lambda _: made, text, flags=re.DOTALL)
    )
    sys.stdout.write(f"{made}\n")


if __name__ == "__main__":
    run_as_command(main)
