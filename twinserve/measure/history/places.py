"""Where a history is kept: behind one interface, a folder, a bucket, or a branch of git's."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from twinserve.config.errors import UserError
from twinserve.measure.history.branch import BranchHistory
from twinserve.measure.history.bucket import BucketHistory
from twinserve.measure.history.challenge import Challenge, read_challenge
from twinserve.measure.history.document import Document, Measurement, read_line
from twinserve.measure.history.names import attempts
from twinserve.targets.google.gcloud import Gcloud, current_project

Kept = TypeVar("Kept", bound=Document)
# Beside the measurements: what was kept there by an earlier version is read by it still.
CHALLENGES = "challenges"


class History(Protocol[Kept]):
    """Documents that are only ever added to."""

    def append(self, document: Kept) -> str:
        """Keep it, whoever else appends meanwhile; where it is now.

        Raises:
            UserError: it cannot be kept.
        """

    def read(self) -> list[Kept]:
        """All of them, the oldest first.

        Raises:
            UserError: they cannot be read, or a document is another.
        """


class FolderHistory(Generic[Kept]):
    """A file each, in a folder of this machine."""

    def __init__(self, folder: Path, parse: Callable[[str, str], Kept]) -> None:
        self._folder = folder
        self._parse = parse

    def append(self, document: Kept) -> str:
        line = document.to_line()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in attempts(document.name):
                path = self._folder / name
                if _create(path, line):
                    return str(path)
        except OSError as error:
            raise UserError(
                f"{self._folder}: {error.strerror}; see history in params.yaml"
            ) from None
        raise AssertionError  # the attempts never end

    def read(self) -> list[Kept]:
        documents = [
            self._parse(path.read_text(encoding="utf-8"), str(path))
            for path in self._folder.glob("*.json")
        ]
        return sorted(documents, key=lambda document: document.taken_at)


def _create(path: Path, line: str) -> bool:
    """Whether the file was not there yet; it appears whole or not at all."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    made.write_text(line, encoding="utf-8")
    try:
        path.hardlink_to(made)
    except FileExistsError:
        return False
    finally:
        made.unlink()
    return True


def _this_project() -> Gcloud:
    return Gcloud(current_project(None))


def open_history(place: str, gcloud: Callable[[], Gcloud] = _this_project) -> History[Measurement]:
    """What ``history`` in params.yaml names: ``gs://…``, ``git:REMOTE#BRANCH``, or a folder."""
    return _open(place, read_line, gcloud)


def open_challenges(place: str, gcloud: Callable[[], Gcloud] = _this_project) -> History[Challenge]:
    """The challenges that are kept beside a history."""
    joint = "-" if place.startswith("git:") else "/"
    return _open(f"{place.rstrip('/')}{joint}{CHALLENGES}", read_challenge, gcloud)


def _open(
    place: str, parse: Callable[[str, str], Kept], gcloud: Callable[[], Gcloud]
) -> History[Kept]:
    if place.startswith("gs://"):
        return BucketHistory(gcloud(), place.rstrip("/"), parse)
    if place.startswith("git:"):
        remote, _, branch = place.removeprefix("git:").partition("#")
        return BranchHistory(remote, branch, parse)
    return FolderHistory(Path(place), parse)
