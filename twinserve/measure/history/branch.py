"""A history on a branch of its own in a git repository: a file each, a commit each."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from twinserve.config.errors import UserError
from twinserve.measure.history.document import Document
from twinserve.measure.history.names import attempts
from twinserve.targets.git import Repository, Setting, login_settings, remote_url

# Each attempt meets whoever pushed since the one before; so many at once there never are.
MOST_ATTEMPTS = 20
AUTHOR = (Setting("user.name", "twinserve"), Setting("user.email", "twinserve@localhost"))
REJECTED = ("[rejected]", "[remote rejected]", "cannot lock ref", "fetch first")


Kept = TypeVar("Kept", bound=Document)


class BranchHistory(Generic[Kept]):
    """Files at the top of a branch that shares no commit with the code.

    See ``twinserve.measure.history.places.History``.
    """

    def __init__(self, remote: str, branch: str, parse: Callable[[str, str], Kept]) -> None:
        self._remote = remote
        self._branch = branch
        self._parse = parse

    def append(self, document: Kept) -> str:
        """Keep it; where it is now.

        A push that comes second is refused by git; then the document is put upon what was first.

        Raises:
            UserError: the repository cannot be reached or refuses.
        """
        for _ in range(MOST_ATTEMPTS):
            with tempfile.TemporaryDirectory() as directory:
                tree = Path(directory)
                repository = self._check_out(tree)
                name = next(
                    attempt for attempt in attempts(document.name) if not (tree / attempt).exists()
                )
                (tree / name).write_text(document.to_line(), encoding="utf-8")
                repository.ask("add", name)
                message = f"{type(document).__name__} {name}"
                repository.ask("commit", "--quiet", "--message", message)
                done = repository.run(
                    "push", "--quiet", "origin", f"HEAD:refs/heads/{self._branch}"
                )
            if done.code == 0:
                return f"{self._branch}:{name}"
            if not any(sign in done.error for sign in REJECTED):
                raise UserError(f"git push to {self._branch}: {done.told}")
        raise UserError(
            f"git push to {self._branch}: {MOST_ATTEMPTS} times somebody else was first; "
            f"run it again: {done.told}"
        )

    def read(self) -> list[Kept]:
        """All of them, the oldest first.

        Raises:
            UserError: the repository cannot be reached, or a document is another.
        """
        with tempfile.TemporaryDirectory() as directory:
            tree = Path(directory)
            self._check_out(tree)
            documents = [
                self._parse(path.read_text(encoding="utf-8"), f"{self._branch}:{path.name}")
                for path in tree.glob("*.json")
            ]
        return sorted(documents, key=lambda document: document.taken_at)

    def _check_out(self, tree: Path) -> Repository:
        """The branch as it is now, or the beginning of one; without the history of either."""
        repository = Repository(tree, self._branch, [*AUTHOR, *login_settings()])
        repository.ask("remote", "add", "origin", self._url())
        reference = f"refs/heads/{self._branch}"
        if repository.ask("ls-remote", "origin", reference):
            repository.ask("fetch", "--quiet", "--depth=1", "origin", reference)
            repository.ask("reset", "--quiet", "--hard", "FETCH_HEAD")
        return repository

    def _url(self) -> str:
        """The URL of the checkout's remote of this name, else the name; a path is made absolute."""
        if known := remote_url(self._remote):
            return known
        path = Path(self._remote)
        return str(path.resolve()) if path.exists() else self._remote
