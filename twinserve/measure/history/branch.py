"""A history on a branch of its own in a git repository: a file each, a commit each."""

import tempfile
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.measure.history.document import Measurement, read_line
from twinserve.measure.history.names import attempts
from twinserve.targets.git import Repository, Setting, login_settings, remote_url

# Each attempt meets whoever pushed since the one before; so many at once there never are.
MOST_ATTEMPTS = 20
AUTHOR = (Setting("user.name", "twinserve"), Setting("user.email", "twinserve@localhost"))
REJECTED = ("[rejected]", "[remote rejected]", "cannot lock ref", "fetch first")


class BranchHistory:
    """Files at the top of a branch that shares no commit with the code.

    See ``twinserve.measure.history.places.History``.
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
                tree = Path(directory)
                repository = self._check_out(tree)
                name = next(
                    attempt
                    for attempt in attempts(measurement.name)
                    if not (tree / attempt).exists()
                )
                (tree / name).write_text(measurement.to_line(), encoding="utf-8")
                repository.ask("add", name)
                repository.ask("commit", "--quiet", "--message", f"Measurement {name}")
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

    def read(self) -> list[Measurement]:
        """All of them, the oldest first.

        Raises:
            UserError: the repository cannot be reached, or a document is no measurement.
        """
        with tempfile.TemporaryDirectory() as directory:
            tree = Path(directory)
            self._check_out(tree)
            measurements = [
                read_line(path.read_text(encoding="utf-8"), f"{self._branch}:{path.name}")
                for path in tree.glob("*.json")
            ]
        return sorted(measurements, key=lambda measurement: measurement.taken_at)

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
