"""Where a workflow's lines run when not here: a checkout, an image's programs, no root."""

import os
import pwd
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.tools import require
from tests.tree import ROOT, share_environments

# What GitHub's image has, by Debian's names of packages, as far as our commands may use it. Neither
# a container engine nor the client of a cloud: lines that need one run elsewhere.
PACKAGES = (
    "bash", "binutils", "bsdutils", "coreutils", "curl", "dash", "debianutils", "diffutils",
    "findutils", "gcc", "gcc-12", "git", "grep", "gzip", "hostname", "libc-bin", "make", "mawk",
    "patch", "perl-base", "procps", "sed", "tar", "unzip", "util-linux", "xz-utils",
)  # fmt: skip
# Any that the machine has a name for, as GitHub's has for its own, but root.
USER = pwd.getpwnam("daemon").pw_uid


@dataclass(frozen=True)
class Surroundings:
    """A tree with an environment in it, and what a step finds there.

    Attributes:
        tree: where the step begins.
        home: an empty one.
        programs: a folder that is the whole PATH.
    """

    tree: Path
    home: Path
    programs: Path

    def run(
        self, line: str, *, environment: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a line of shell as GitHub's user, who owns tree and home."""
        as_user = [
            require("unshare"), "--user", f"--map-user={USER}", f"--map-group={USER}", "--",
        ]  # fmt: skip
        return subprocess.run(
            [*as_user, "/bin/bash", "-e", "-o", "pipefail", "-c", line],
            cwd=self.tree,
            env={
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
                "PATH": str(self.programs),
                **(environment or {}),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )


def lay_out(directory: Path) -> Surroundings:
    """Lay out the files that git tracks, as they lie here, with the environment that runs this."""
    tree, home = directory / "workspace", directory / "home"
    for made in (home, tree):
        made.mkdir(parents=True)
    copy_files([name for name in _tracked() if (ROOT / name).is_file()], tree)
    (tree / ".venv").symlink_to(Path(sys.executable).parent.parent)
    # What both targets run in was installed by whoever runs this, too: no index is named here.
    share_environments(tree)
    # It was installed from these locks: nothing is to be installed anew, over the one of this tree.
    for lock in (tree / "locks").iterdir():
        os.utime(lock, (0, 0))
    return Surroundings(tree, home, _programs(directory / "programs"))


def copy_files(names: Sequence[str], tree: Path) -> None:
    """Copy files of the repository; by tar, since some are the user's, and no test reads those."""
    archive = tree.parent / "archive.tar"
    pack = [require("tar"), "--create", f"--file={archive}", "--files-from=-"]
    subprocess.run(pack, cwd=ROOT, input="\n".join(names), text=True, check=True)
    subprocess.run([require("tar"), "--extract", f"--file={archive}"], cwd=tree, check=True)


def give_history(surroundings: Surroundings) -> None:
    """Make the tree a checkout: two commits, the newer of which changes the parameters."""
    for words in (
        ["init", "--quiet", "--initial-branch=main"],
        ["add", "--all"],
        ["commit", "--quiet", "--message=base"],
    ):
        _git(surroundings.tree, *words)
    with (surroundings.tree / "params.yaml").open("a") as file:
        file.write("# a change\n")
    _git(surroundings.tree, "commit", "--quiet", "--all", "--message=change")


def _git(tree: Path, *words: str) -> None:
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com"]
    subprocess.run([require("git"), *who, *words], cwd=tree, check=True, capture_output=True)


def _tracked() -> list[str]:
    listed = subprocess.run(
        [require("git"), "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [name for name in listed.stdout.split("\0") if name]


def _programs(folder: Path) -> Path:
    folder.mkdir()
    for path in _owned():
        link = folder / path.name
        if not link.exists():
            link.symlink_to(path)
    for name in ("python3", "python"):
        (folder / name).symlink_to(sys.executable)
    return folder


@cache
def _owned() -> tuple[Path, ...]:
    return tuple(_executables())


def _executables() -> Iterator[Path]:
    command = [require("dpkg-query"), "--listfiles", *PACKAGES]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        path = Path(line)
        if path.parent.name in {"bin", "sbin"} and path.is_file() and os.access(path, os.X_OK):
            yield path
    # Named by Debian's alternatives, which no package lists.
    yield from (Path("/usr/bin") / name for name in ("awk", "cc"))
