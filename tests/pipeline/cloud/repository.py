"""A repository on GitHub for a test: its settings in a file, and a ``gh`` that changes them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.google import FakeGoogle
from tests.tools import write_program

PROGRAM = Path(__file__).parent / "fake_github.py"
NAME = "someone/twin"
ID, OWNER_ID = 700700, 4242
WORKFLOWS = ("deploy.yml", "measure.yml", "monitor.yml", "pr.yml", "rollback.yml")


@dataclass(frozen=True)
class GitHub:
    """The repository."""

    folder: Path

    @property
    def state(self) -> dict[str, Any]:
        """Its settings."""
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    def change(self, **members: object) -> None:
        """Have some settings otherwise."""
        (self.folder / "state.json").write_text(json.dumps({**self.state, **members}))

    def environment(self, google: FakeGoogle) -> Mapping[str, str]:
        """The variables of a command that is to find gh."""
        return {
            "PATH": f"{self.folder}:{google.environment['PATH']}",
            "GITHUB_STATE": str(self.folder / "state.json"),
        }


def describe(name: str = NAME, repository: int = ID, owner: int = OWNER_ID) -> dict[str, Any]:
    """A repository in the words of GitHub's API, with the keys that are read."""
    return {
        "id": repository,
        "full_name": name,
        "owner": {"id": owner, "login": name.partition("/")[0]},
        "default_branch": "main",
        "has_issues": False,
        "archived": False,
    }


def make_fork(folder: Path) -> GitHub:
    """A fork as GitHub makes it: no issues, no schedules, no variables, no environment, no rule."""
    write_program(folder / "gh", PROGRAM.read_text())
    scheduled = {"measure.yml", "monitor.yml"}
    workflows = [
        {
            "id": number,
            "name": name.removesuffix(".yml"),
            "path": f".github/workflows/{name}",
            "state": "disabled_fork" if name in scheduled else "active",
        }
        for number, name in enumerate(WORKFLOWS, start=1)
    ]
    state = {
        "repository": describe(),
        "permissions": {"enabled": True, "allowed_actions": "all"},
        "workflows": workflows,
        "variables": {},
        "environments": {},
        "rulesets": [],
    }
    (folder / "state.json").write_text(json.dumps(state))
    return GitHub(folder)
