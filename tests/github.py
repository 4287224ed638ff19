"""GitHub's ``gh api``, whose answers are said beforehand, call by call; all else is 404."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.tools import write_program

_PROGRAM = """\
import json, sys
folder, words = {folder!r}, sys.argv[1:]
assert words[:2] == ["api", "--method"], words
call = " ".join(words[2:4])
body = json.load(sys.stdin) if "--input" in words else None
with open(folder + "/calls.jsonl", "a") as file:
    file.write(json.dumps([call, body]) + "\\n")
answers = json.load(open(folder + "/answers.json"))
if call not in answers:
    sys.exit("gh: Not Found (HTTP 404)")
if isinstance(answers[call], str):
    sys.exit("gh: " + answers[call])
print(json.dumps([answers[call]] if "--slurp" in words else answers[call]))
"""


@dataclass(frozen=True)
class GitHub:
    """The program ``gh`` on this test's PATH.

    Attributes:
        answers: JSON by call, ``GET repos/…``; a text is a refusal.
    """

    folder: Path
    answers: dict[str, Any]

    def tell(self, **more: Any) -> None:  # noqa: ANN401 - JSON
        """Say what is answered from now on."""
        self.answers.update(more)
        (self.folder / "answers.json").write_text(json.dumps(self.answers))

    def calls(self) -> list[tuple[str, Any]]:
        """Each call with its body."""
        path = self.folder / "calls.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return [(call, body) for call, body in map(json.loads, lines)]


def install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    """Put it first on the PATH, logged in to ``owner/twinserve``."""
    write_program(folder / "gh", _PROGRAM.format(folder=str(folder)))
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    monkeypatch.setenv("GITHUB_REPOSITORY", "owner/twinserve")
    monkeypatch.setenv("GITHUB_SHA", "c" * 40)
    monkeypatch.setenv("GH_TOKEN", "the-token")
    made = GitHub(folder, {})
    made.tell()
    return made
