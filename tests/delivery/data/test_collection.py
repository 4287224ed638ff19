"""The command that deletes from DVC's remote what no release needs: printed, never run."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.tools import require
from twinserve.delivery.data.collection import collection

CONFIG = """[core]
    remote = store
['remote "store"']
    url = /x
"""


def git(*words: str, date: str = "2026-01-05T12:00:00") -> str:
    """What git prints, on that day."""
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    environment = {"PATH": os.environ["PATH"], "GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": date}
    done = subprocess.run(
        [require("git"), *who, *words], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two commits of a repository with a remote, a month apart."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text(
        "[core]\n    remote = store\n['remote \"store\"']\n    url = /x\n"
    )
    git("init", "--quiet")
    made = []
    for date in ("2026-02-03T12:00:00", "2026-03-04T12:00:00"):
        git("commit", "--quiet", "--allow-empty", "--message", "One", date=date)
        made.append(git("rev-parse", "HEAD"))
    return made


def test_command_keeps_what_each_release_was_made_from(commits: list[str]) -> None:
    """Branches and tags, and every commit from the oldest release's on."""
    (line,) = collection([commits[1], commits[0]])
    assert "`dvc gc --cloud --workspace --all-branches --all-tags --date 2026-02-03`" in line
    (line,) = collection([])
    assert "--all-tags`" in line


def test_commit_that_is_not_here_is_named(commits: list[str]) -> None:
    """No command is better than one that deletes too much."""
    (line,) = collection([*commits, "f" * 40])
    assert line.startswith("DVC's remote: commit ffffffffffff of a release that stays is not here")
    assert "dvc gc" not in line


def test_nothing_is_said_without_a_remote(commits: list[str]) -> None:
    """There is nothing to delete from."""
    assert commits
    Path(".dvc/config").write_text("")
    assert collection(commits) == []
