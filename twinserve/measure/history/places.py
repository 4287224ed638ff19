"""Where a history is kept: behind one interface, a folder, a bucket, or a branch of git's."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from twinserve.config.errors import UserError
from twinserve.measure.history.branch import BranchHistory
from twinserve.measure.history.bucket import BucketHistory
from twinserve.measure.history.document import Measurement, read_line
from twinserve.measure.history.names import attempts
from twinserve.targets.google.gcloud import Gcloud, current_project


class History(Protocol):
    """Documents that are only ever added to."""

    def append(self, measurement: Measurement) -> str:
        """Keep it, whoever else appends meanwhile; where it is now.

        Raises:
            UserError: it cannot be kept.
        """

    def read(self) -> list[Measurement]:
        """All of them, the oldest first.

        Raises:
            UserError: they cannot be read, or a document is no measurement.
        """


class FolderHistory:
    """A file each, in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def append(self, measurement: Measurement) -> str:
        line = measurement.to_line()
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for name in attempts(measurement.name):
                path = self._folder / name
                if _create(path, line):
                    return str(path)
        except OSError as error:
            raise UserError(
                f"{self._folder}: {error.strerror}; see history in params.yaml"
            ) from None
        raise AssertionError  # the attempts never end

    def read(self) -> list[Measurement]:
        measurements = [
            read_line(path.read_text(encoding="utf-8"), str(path))
            for path in self._folder.glob("*.json")
        ]
        return sorted(measurements, key=lambda measurement: measurement.taken_at)


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


def open_history(place: str, gcloud: Callable[[], Gcloud] = _this_project) -> History:
    """What ``history`` in params.yaml names: ``gs://…``, ``git:REMOTE#BRANCH``, or a folder."""
    if place.startswith("gs://"):
        return BucketHistory(gcloud(), place.rstrip("/"))
    if place.startswith("git:"):
        remote, _, branch = place.removeprefix("git:").partition("#")
        return BranchHistory(remote, branch)
    return FolderHistory(Path(place))
