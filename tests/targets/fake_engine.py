"""Programs called docker and podman that answer as they are told, and note what they were asked."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.tools import write_program

PROGRAM = """\
import json, pathlib, signal, sys
name, asked = pathlib.Path(sys.argv[0]).name, sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(json.dumps([name, *asked]) + "\\n")
for start, out, error, code in json.loads({replies!r}):
    if asked[:len(start)] == start:
        if code is None:
            signal.pause()
        if "--digestfile" in asked:
            pathlib.Path(asked[asked.index("--digestfile") + 1]).write_text(out)
        sys.stdout.write(out)
        sys.stdout.flush()
        sys.stderr.write(error)
        sys.exit(code)
sys.exit("nobody told what to say to: " + " ".join(asked))
"""


class Reply(NamedTuple):
    """To a command that begins with ``start``; without an exit code it never ends."""

    start: list[str]
    out: str = ""
    error: str = ""
    code: int | None = 0


WORKS = Reply(["run"], out="42\n")


class FakeEngines:
    """A folder that is the whole PATH."""

    def __init__(self, directory: Path, patch: pytest.MonkeyPatch) -> None:
        self._directory = directory
        self._log = directory / "log"
        patch.setenv("PATH", str(directory))

    def add(self, name: str, *replies: Reply) -> None:
        """Put a program there."""
        text = PROGRAM.format(log=str(self._log), replies=json.dumps(replies))
        write_program(self._directory / name, text)

    @property
    def asked(self) -> list[list[str]]:
        """Every command so far, with the program's name first."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [json.loads(line) for line in lines]
