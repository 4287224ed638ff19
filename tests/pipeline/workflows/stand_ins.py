"""Programs played by ``stand_in_program.py``: put in place, led, and asked what they saw."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.tools import write_program
from tests.tree import ROOT

PROGRAM = Path(__file__).parent / "stand_in_program.py"
PROGRAMS = ("make", "python3", "gcloud", "gh", "docker", "podman", "apt-get", "stand-in")
# Where the pipeline's files have the environment that `make .venv/ready` makes.
PYTHON, TWINSERVE = ".venv/bin/python", ".venv/bin/twinserve"

Rule = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """A program that was started, or an action that was used."""

    program: str
    words: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def line(self) -> str:
        """The command as one would type it."""
        return " ".join((self.program, *self.words))


@dataclass(frozen=True, slots=True)
class StandIns:
    """All of them, and the folder through which they are led."""

    folder: Path

    @property
    def path(self) -> str:
        """A PATH on which they come first."""
        return f"{self.folder / 'bin'}:/usr/local/bin:/usr/bin:/bin"

    @property
    def artifacts(self) -> Path:
        """The uploads, a folder an artifact."""
        return self.folder / "artifacts"

    def environment(self, origin: Path) -> dict[str, str]:
        """Their variables; ``origin`` is the repository that a checkout gives."""
        return {
            "ORIGIN": str(origin),
            "PATH": self.path,
            "REAL_PYTHON": sys.executable,
            "REAL_TREE": str(ROOT),
            "STAND_IN": str(self.folder),
        }

    def lead(self, rules: Iterable[Rule]) -> None:
        """Forget what was; the first rule whose ``call`` stands in a command's line is obeyed."""
        (self.folder / "calls.jsonl").write_text("")
        (self.folder / "rules.json").write_text(json.dumps(list(rules)))

    def calls(self) -> tuple[Call, ...]:
        """The programs that were started since, in order."""
        lines = (self.folder / "calls.jsonl").read_text().splitlines()
        seen = [json.loads(line) for line in lines]
        return tuple(Call(c["program"], tuple(c["words"]), c["environment"]) for c in seen)

    def times(self) -> dict[str, tuple[float, float]]:
        """Of each real command: seconds that it took, and of its own processes' computing."""
        path = self.folder / "times.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        seen = [json.loads(line) for line in lines]
        return {" ".join(call["words"]): (call["seconds"], call["computed"]) for call in seen}


def failing(call: str) -> Rule:
    """Let the commands fail in whose line these words stand."""
    return {"call": call, "exit": 1}


def install(folder: Path, tree: Path, programs: Sequence[str] = PROGRAMS) -> StandIns:
    """Put them into ``folder``, and into ``tree`` in the place of Python and the command."""
    (folder / "artifacts").mkdir(parents=True)
    for path in (tree / PYTHON, tree / TWINSERVE, *(folder / "bin" / name for name in programs)):
        write_program(path, PROGRAM.read_text())
    return StandIns(folder)
