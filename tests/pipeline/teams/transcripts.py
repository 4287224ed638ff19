"""What a page shows of several people's clones, and what the same commands print."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.pipeline.teams.clones import IDENTITY, Clone
from tests.tools import require
from tests.tree import ROOT
from twinserve.config.variables import PACKAGES, tool_environment

DOCUMENT = ROOT / "docs" / "data.md"
# For a part of an output that is left out.
ANYTHING = "…"
LIMIT_S = 300


@dataclass(frozen=True)
class Step:
    """A command in somebody's clone.

    Attributes:
        who: stands before the prompt.
        command: for a shell.
        output: as the document has it.
    """

    who: str
    command: str
    output: str

    def agrees(self, printed: str) -> bool:
        """Whether the document's output is that, but for what it leaves out."""
        parts = self.output.strip().split(ANYTHING)
        pattern = ".*".join(re.escape(part.strip("\n")) for part in parts)
        return re.fullmatch(rf"{pattern}\s*", printed, re.DOTALL) is not None


def steps(*people: str, document: Path = DOCUMENT) -> list[Step]:
    """What these people type, in the document's order."""
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL)
    prompt = re.compile(rf"^({'|'.join(people)})\$ ", re.MULTILINE)
    typed = []
    for block in blocks:
        parts = prompt.split(block.replace("\\\n", " "))[1:]
        for who, text in zip(parts[::2], parts[1::2], strict=True):
            command, _, output = text.partition("\n")
            typed.append(Step(who, command, output))
    return typed


def play(
    typed: Sequence[Step],
    clones: Mapping[str, Clone],
    neutral: Callable[[str], str],
    show: Callable[[str], None],
) -> list[str]:
    """Run each step in its clone; those whose outputs are not the document's.

    Args:
        typed: the steps.
        clones: by who has them.
        neutral: takes the names of this machine out of an output.
        show: is given the whole transcript as it grows.
    """
    whole, differences = "", []
    for step in typed:
        printed = neutral(_typed(clones[step.who], step.command))
        whole += f"{step.who}$ {step.command}\n{printed}"
        show(whole)
        if not step.agrees(printed):
            differences.append(f"{step.who}$ {step.command}\n{printed}")
    return differences


def _typed(clone: Clone, command: str) -> str:
    """What a command prints in a clone, as in a terminal: it may fail."""
    done = subprocess.run(
        [require("bash"), "-c", command],
        cwd=clone.directory,
        env={
            **tool_environment(PACKAGES),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(clone.directory.parent),
            **IDENTITY,
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout
