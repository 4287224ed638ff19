"""The command that deletes from DVC's remote what no release needs: printed, never run."""

import hashlib
import os
import shlex
import subprocess
import sys
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


def dvc(*words: str, zone: str = "UTC") -> None:
    """A command of DVC's, in some place on Earth."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(Path.cwd()), "TZ": zone}
    subprocess.run([sys.executable, "-m", "dvc", *words], env=environment, check=True)


@pytest.fixture
def commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Two commits of a repository with a remote, a month apart."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    Path(".dvc/config").write_text(CONFIG)
    git("init", "--quiet")
    made = []
    for date in ("2026-02-03T12:00:00", "2026-03-04T12:00:00"):
        git("commit", "--quiet", "--allow-empty", "--message", "One", date=date)
        made.append(git("rev-parse", "HEAD"))
    return made


def test_command_keeps_what_each_release_was_made_from(commits: list[str]) -> None:
    """Branches and tags, and every commit from the oldest release's on."""
    (line,) = collection([commits[1], commits[0]])
    assert "`dvc gc --cloud --workspace --all-branches --all-tags --date 2026-02-02`" in line
    (line,) = collection([])
    assert "--all-tags`" in line


def test_branch_that_a_colleague_has_pushed_counts(commits: list[str]) -> None:
    """DVC's ``--all-branches`` is this clone's alone: the day is before that branch's last commit.

    ``git fetch --prune``, which the line names, is what tells of it.
    """
    git("update-ref", "refs/remotes/origin/theirs", commits[0])
    git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/theirs")
    (line,) = collection([commits[1]])
    assert " --date 2026-02-02`" in line
    assert "as of the last `git fetch --prune`" in line
    (line,) = collection([])
    assert " --date 2026-02-02`" in line


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With nothing but a remote, which is the folder beside it."""
    made = tmp_path / "repository"
    made.mkdir()
    monkeypatch.chdir(made)
    git("init", "--quiet", "--initial-branch=main")
    dvc("init", "--quiet")
    dvc("remote", "add", "--default", "store", "../remote")
    return made


def commit_table(repository: Path, day: str) -> tuple[str, Path]:
    """A commit with a table of that day, and where the table is in the remote."""
    Path("table.csv").unlink(missing_ok=True)
    Path("table.csv").write_text(f"{day}\n")
    dvc("add", "--quiet", "table.csv")
    dvc("push", "--quiet")
    git("add", "--all")
    git("commit", "--quiet", "--message", day, date=day)
    digest = hashlib.md5(f"{day}\n".encode(), usedforsecurity=False).hexdigest()
    remote = repository.parent / "remote/files/md5"
    return git("rev-parse", "HEAD"), remote / digest[:2] / digest[2:]


def collect(commits: list[str], zone: str = "UTC") -> None:
    """Run the command as it is printed."""
    (line,) = collection(commits)
    program, *words = shlex.split(line.split("`")[1])
    assert program == "dvc"
    dvc(*words, "--force", zone=zone)


@pytest.mark.parametrize("zone", ["Etc/GMT-14", "Etc/GMT+12"])
@pytest.mark.nightly
def test_what_a_release_was_made_from_survives_the_command(repository: Path, zone: str) -> None:
    """Wherever on Earth it is run: an older table goes, the release's stays."""
    days = ("2026-01-01T12:00:00+0000", "2026-02-03T00:30:00+1400", "2026-03-04T12:00:00+0000")
    commits, objects = zip(*(commit_table(repository, day) for day in days), strict=True)
    collect(list(commits[1:]), zone)
    assert [path.exists() for path in objects] == [False, True, True]


@pytest.mark.nightly
def test_what_a_colleague_works_on_survives_the_command(repository: Path) -> None:
    """A branch that no branch of this clone has, and whose last commit is before each release."""
    oldest, before = commit_table(repository, "2026-01-01T12:00:00+0000")
    theirs, on_their_branch = commit_table(repository, "2026-01-20T12:00:00+0000")
    git("update-ref", "refs/remotes/origin/theirs", theirs)
    git("reset", "--quiet", "--hard", oldest)
    release, released = commit_table(repository, "2026-02-03T12:00:00+0000")
    collect([release])
    assert [path.exists() for path in (before, on_their_branch, released)] == [False, True, True]


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
