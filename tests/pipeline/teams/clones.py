"""Repositories of a team: the engine's tree in git, with a remote that all of them share."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.pipeline.models.trees import export
from tests.tools import require
from tests.tree import ROOT, share_environments

# Who commits, on a machine of nobody's: git is asked by DVC too, for each experiment.
IDENTITY = {
    f"GIT_{role}_{part}": text
    for role in ("AUTHOR", "COMMITTER")
    for part, text in (("NAME", "team"), ("EMAIL", "team@example.org"))
}


@dataclass(frozen=True)
class Clone:
    """A checkout."""

    directory: Path

    def path(self, name: str) -> Path:
        return self.directory / name

    def run(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """A program of the environment's, with nothing in its own but this."""
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.directory,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(self.directory.parent),
                **IDENTITY,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def git(self, *words: str) -> str:
        """Git's output."""
        done = subprocess.run(
            [require("git"), *words],
            cwd=self.directory,
            env={"PATH": os.environ["PATH"], "HOME": str(self.directory.parent), **IDENTITY},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    def commit(self, message: str) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)

    def clone(self, directory: Path) -> "Clone":
        """A colleague's, fresh."""
        self.git("clone", "--quiet", str(self.directory), str(directory))
        made = Clone(directory)
        share_environments(directory)
        return made


def team(
    directory: Path,
    url: str | None = None,
    options: Mapping[str, str] | None = None,
    login: Mapping[str, str] | None = None,
) -> Clone:
    """The first of a team: table under DVC, reproduced, pushed, committed.

    Args:
        directory: of the clone, and of the remote where ``url`` names no other.
        url: of the remote.
        options: of the remote, for everybody.
        login: what this clone keeps for itself of it.
    """
    tree = export(directory / "one")
    (tree / ".cache").unlink()
    for name in (".gitignore", ".gcloudignore", ".dockerignore"):
        shutil.copy(ROOT / name, tree / name)
    first = Clone(tree)
    share_environments(tree)
    first.git("init", "--quiet", "--initial-branch=main")
    (tree / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    first.run("dvc", "add", "--quiet", "data/iris.csv")
    first.run("dvc", "remote", "add", "--default", "store", url or str(directory / "remote"))
    for name, text in (options or {}).items():
        first.run("dvc", "remote", "modify", "store", name, text)
    for name, text in (login or {}).items():
        first.run("dvc", "remote", "modify", "--local", "store", name, text)
    first.run("twinserve", "repro", "--push")
    first.commit("A table that DVC keeps")
    return first
