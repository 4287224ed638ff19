"""Repositories of a team: the engine's tree in git, with a remote that all of them share."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.pipeline.models.trees import export
from tests.tools import require
from tests.tree import CACHE, ROOT

WHO = ("-c", "user.name=team", "-c", "user.email=team@example.org")


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
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def git(self, *words: str) -> str:
        """Git's output."""
        command = [require("git"), *WHO, *words]
        done = subprocess.run(
            command, cwd=self.directory, capture_output=True, text=True, check=False
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
        made.share_environments()
        return made

    def share_environments(self) -> None:
        """Environments of bundles that are made here serve there too."""
        self.path(".cache").mkdir(exist_ok=True)
        (CACHE / "environments").mkdir(parents=True, exist_ok=True)
        self.path(".cache/environments").symlink_to(CACHE / "environments")


def team(directory: Path) -> Clone:
    """The first of a team: table under DVC, reproduced, pushed to a folder beside it, committed."""
    tree = export(directory / "one")
    (tree / ".cache").unlink()
    for name in (".gitignore", ".gcloudignore", ".dockerignore"):
        shutil.copy(ROOT / name, tree / name)
    first = Clone(tree)
    first.share_environments()
    first.git("init", "--quiet", "--initial-branch=main")
    (tree / ".dvc" / ".gitignore").write_text("/config.local\n/tmp\n/cache\n")
    first.run("dvc", "add", "--quiet", "data/iris.csv")
    first.run("dvc", "remote", "add", "--default", "store", str(directory / "remote"))
    first.run("twinserve", "repro", "--push")
    first.commit("A table that DVC keeps")
    return first
