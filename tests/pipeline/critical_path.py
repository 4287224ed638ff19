"""From push to promoted, step by step: ``python -m tests.pipeline.critical_path``.

Our own commands are as measured in the last run of ``test_story.py``, which leaves them in
``reports/story.json``; Google's and GitHub's parts are what public sources say, or unknown. The
table goes into docs/pipeline.md, between two comments.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from twinserve.config.errors import UserError, run_as_command

ROOT = Path(__file__).parent.parent.parent
MEASURED = ROOT / "reports" / "story.json"
PAGE = ROOT / "docs" / "pipeline.md"
BEGIN, END = "<!-- critical path -->", "<!-- end of the critical path -->"
BUDGET_S = 150.0

Times = Mapping[str, tuple[float, float]]


class Measured(TypedDict):
    """What a story leaves: its times, and how busy the machine was meanwhile."""

    times: Times
    load: float
    cores: int


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the path.

    Attributes:
        command: ours, whose time was measured; else the part is of Google's or GitHub's.
        low: seconds, by ``source``; None if nobody says.
        source: a link.
    """

    what: str
    command: str = ""
    low: float | None = None
    high: float | None = None
    source: str = ""


PATH = (
    Part("GitHub finds a runner"),
    Part("check out, Python, the environment from GitHub's cache"),
    Part(
        "install gcloud",
        low=10,
        high=60,
        source="https://github.com/google-github-actions/setup-cloud-sdk/pull/343",
    ),
    Part(
        "a machine of Cloud Build (e2-standard-2: without provisioning)",
        low=0,
        high=None,
        source="https://cloud.google.com/build/pricing",
    ),
    Part("Cloud Build pulls the steps' images"),
    Part("the environment from the bucket: 0.5 GB, 1.6 GB unpacked"),
    Part("reproduce the model", "twinserve repro --pull --locked --push"),
    Part("hold bundles to locks", "twinserve verify"),
    Part("name the image, and ask for its layers", "twinserve build --engine docker"),
    Part("Docker builds the image"),
    Part("records, and the function's source", "twinserve push"),
    Part("attest image and function"),
    Part("GitHub finds a runner, sets it up again, installs gcloud"),
    Part("verify, deploy, check, promote, confirm", "twinserve release --from-build"),
    Part(
        "Cloud Run builds the function and deploys it; the service beside it",
        low=180,
        high=300,
        source="https://ytrofr.github.io/claude-code-guide/docs/guide/part3-extension/"
        "08-cloud-run-deploy-patterns.html",
    ),
)


def keep(times: Times) -> None:
    """Leave what a story has measured for the table."""
    MEASURED.parent.mkdir(parents=True, exist_ok=True)
    measured = Measured(times=times, load=os.getloadavg()[2], cores=os.cpu_count() or 1)
    MEASURED.write_text(json.dumps(measured, indent=2) + "\n")


def table(measured: Measured) -> str:
    """The path in Markdown.

    Raises:
        UserError: a command of ours was not measured.
    """
    lines = ["| part | whose | took | computed | source |", "| --- | --- | --- | --- | --- |"]
    times, took, computed = measured["times"], 0.0, 0.0
    for part in PATH:
        if not part.command:
            lines.append(f"| {part.what} | theirs | {_range(part)} | | {_link(part)} |")
            continue
        if part.command not in times:
            raise UserError(f"{part.command}: not measured; run tests/pipeline/test_story.py")
        seconds, own = times[part.command]
        took, computed = took + seconds, computed + own
        lines.append(f"| {part.what} | ours | {seconds:.1f} s | {own:.1f} s | the story |")
    both = f"{took:.1f} s | {computed:.1f} s"
    lines.append(f"| **ours together**, at most {BUDGET_S:g} s | | {both} | |")
    lines.append("")
    lines.append(
        f"Measured at a load average of {measured['load']:.0f} on {measured['cores']} cores; "
        '"computed" is the processor time of our own commands.'
    )
    return "\n".join(lines)


def _range(part: Part) -> str:
    if part.low is None:
        return "unknown"
    return f"{part.low:g} to {part.high:g} s" if part.high else f"from {part.low:g} s"


def _link(part: Part) -> str:
    return f"[source]({part.source})" if part.source else "none found"


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
