"""A repository on GitHub, played, and two jobs of a renewal in another."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.proposal import github_api
from tests.renewal.proposal.hub import Hub
from tests.renewal.proposal.jobs import Jobs, make_jobs
from tests.tree import PROJECT, ROOT


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A repository with one commit, in which nothing is open, and no rule asks for anything."""
    origin = Repository(tmp_path / "origin")
    origin.directory.mkdir()
    origin.begin()
    origin.write("params.yaml", (PROJECT / "params.yaml").read_text())
    origin.write("locks/dev.txt", "alpha==1.0\n")
    origin.commit("First")
    checkout = Repository(tmp_path / "checkout")
    origin.git("clone", "--quiet", ".", str(checkout.directory))
    checkout.name_user()
    state = tmp_path / "state.json"
    empty: dict[str, Any] = {
        name: []
        for name in ("calls", "pulls", "issues", "comments", "statuses", "rules", "dispatches")
    }
    state.write_text(json.dumps({**empty, "refused": {}, "auto_merge": False}))
    program = tmp_path / "bin" / "gh"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n" + Path(github_api.__file__).read_text())
    program.chmod(0o755)
    for name, text in {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "GH_STATE": str(state),
        "GH_ORIGIN": str(origin.directory),
        "GH_WORKFLOWS": str(ROOT / ".github/workflows"),
        "GH_TOKEN": "the-token",
        "GITHUB_REPOSITORY": "owner/twinserve",
        "GIT_CONFIG_GLOBAL": "/dev/null",
    }.items():
        monkeypatch.setenv(name, text)
    monkeypatch.delenv("APP", raising=False)
    monkeypatch.chdir(checkout.directory)
    return Hub(checkout, origin, state)


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Jobs:
    """As the job that opens the pull request finds them."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    made = make_jobs(tmp_path)
    monkeypatch.chdir(made.opening.directory)
    return made
