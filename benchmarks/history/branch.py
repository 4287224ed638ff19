"""A history on a branch of its own in a git repository: a file each, a commit each."""

import subprocess
import tempfile
from pathlib import Path

from benchmarks.history.document import Measurement, read_line
from benchmarks.history.names import attempts
from config.errors import UserError

PROGRAM = "git"
# Each attempt meets whoever pushed since the one before; so many at once there never are.
MOST_ATTEMPTS = 20
AUTHOR = ("-c", "user.name=twinserve", "-c", "user.email=twinserve@localhost")
# How the checkout at hand logs in, as its configuration says; GitHub's checkout puts it there.
LOGIN = r"^(http\..*extraheader|credential\..*)$"
REJECTED = ("[rejected]", "[remote rejected]", "cannot lock ref", "fetch first")


class BranchHistory:
    """Files at the top of a branch that shares no commit with the code.

    See ``benchmarks.history.places.History``.
    """

    def __init__(self, remote: str, branch: str) -> None:
        self._remote = remote
        self._branch = branch

    def append(self, measurement: Measurement) -> str:
        """Keep it; where it is now.

        A push that comes second is refused by git; then the document is put upon what was first.

        Raises:
            UserError: the repository cannot be reached or refuses.
        """
        for _ in range(MOST_ATTEMPTS):
            with tempfile.TemporaryDirectory() as directory:
                tree = self._check_out(Path(directory))
                name = next(one for one in attempts(measurement.name) if not (tree / one).exists())
                (tree / name).write_text(measurement.to_line(), encoding="utf-8")
                _git(tree, "add", name)
                _git(tree, *AUTHOR, "commit", "--quiet", "--message", f"Measurement {name}")
                done = _run(tree, "push", "--quiet", "origin", f"HEAD:refs/heads/{self._branch}")
            if done.returncode == 0:
                return f"{self._branch}:{name}"
            if not any(sign in done.stderr for sign in REJECTED):
                raise UserError(f"git push to {self._branch}: {_told(done)}")
        raise UserError(
            f"git push to {self._branch}: {MOST_ATTEMPTS} times somebody else was first; "
            f"run it again: {_told(done)}"
        )

    def read(self) -> list[Measurement]:
        """All of them, the oldest first.

        Raises:
            UserError: the repository cannot be reached, or one is no measurement.
        """
        with tempfile.TemporaryDirectory() as directory:
            tree = self._check_out(Path(directory))
            found = [
                read_line(path.read_text(encoding="utf-8"), f"{self._branch}:{path.name}")
                for path in tree.glob("*.json")
            ]
        return sorted(found, key=lambda one: one.taken_at)

    def _check_out(self, tree: Path) -> Path:
        """The branch as it is now, or the beginning of one; without the history of either."""
        _git(tree, "init", "--quiet", f"--initial-branch={self._branch}")
        _git(tree, "remote", "add", "origin", self._url())
        for line in _run(Path(), "config", "--get-regexp", LOGIN).stdout.splitlines():
            _git(tree, "config", "--add", *line.split(" ", 1))
        reference = f"refs/heads/{self._branch}"
        if _git(tree, "ls-remote", "origin", reference):
            _git(tree, "fetch", "--quiet", "--depth=1", "origin", reference)
            _git(tree, "reset", "--quiet", "--hard", "FETCH_HEAD")
        return tree

    def _url(self) -> str:
        """Of a remote that this checkout names, else as it was given; a path is made absolute."""
        known = _run(Path(), "remote", "get-url", self._remote)
        if known.returncode == 0:
            return known.stdout.strip()
        path = Path(self._remote)
        return str(path.resolve()) if path.exists() else self._remote


def _git(tree: Path, *words: str) -> str:
    """What git prints.

    Raises:
        UserError: it fails.
    """
    done = _run(tree, *words)
    if done.returncode:
        raise UserError(f"git {' '.join(words[:3])}: {_told(done)}")
    return done.stdout


def _run(tree: Path, *words: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [PROGRAM, "-C", str(tree), *words], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        raise UserError("git is not on the PATH; a history on a branch needs it") from None


def _told(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
