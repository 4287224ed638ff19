"""A result while it is made: a file beside it, and how far that file is known to be right.

The result appears whole, by a rename, or not at all. What ends the process leaves both files, and
the next run with the same input, bundle and options goes on from there.
"""

import base64
import fcntl
import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Self

from twinserve.config.errors import UserError
from twinserve.scoring.pool import EndedError

# A kill repeats no more than what was scored in so many seconds.
RECORD_EVERY_S = 1.0


# A run that was killed is followed by its processes in a moment; until then they hold its file.
_RELEASED_WITHIN_S = 3.0


class Partial:
    """The unfinished result of ``target``.

    Attributes:
        path: of its file.
        found: what was recorded of it by an earlier run; None where there is nothing to go on with.
    """

    def __init__(self, target: Path, identity: Mapping[str, Any]) -> None:
        """Take it for this process alone.

        Raises:
            UserError: another process has it, or its folder cannot be written.
        """
        self._target = target
        self._identity = dict(identity)
        self.path = target.with_name(f".{target.name}.partial")
        self._progress = target.with_name(f".{target.name}.progress")
        self._recorded = time.monotonic()
        try:
            self.file: IO[bytes] = self.path.open("ab+")
            _lock(self.file)
        except BlockingIOError:
            raise UserError(
                f"{target}: another process is writing it; wait for it to end"
            ) from None
        except OSError as error:
            raise self._refused(error) from None
        self.found = self._restored()
        if self.found is None:
            self.file.truncate(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Leave it to the next run, unless what was refused would be refused again."""
        if isinstance(error, UserError) and not isinstance(error, EndedError):
            self.discard()
        self.leave()

    def append(self, content: bytes) -> None:
        """Write behind what there is.

        Raises:
            EndedError: there is no room.
        """
        try:
            self.file.write(content)
        except OSError as error:
            raise self._refused(error) from None

    def due(self) -> bool:
        """Whether it is time to record how far the file is right."""
        return time.monotonic() - self._recorded >= RECORD_EVERY_S

    def record(self, state: Mapping[str, Any], *, tail: int = 0) -> None:
        """Record that all that the file holds now is right, up to this state.

        ``tail`` bytes at its end are kept beside it: those that what comes next is written over.
        """
        self.file.flush()
        os.fsync(self.file.fileno())
        size = os.fstat(self.file.fileno()).st_size
        kept = os.pread(self.file.fileno(), tail, size - tail)
        content = {
            "identity": self._identity,
            "size": size - tail,
            "tail": base64.b64encode(kept).decode(),
            "state": dict(state),
        }
        made = self._progress.with_name(f"{self._progress.name}.new")
        made.write_text(json.dumps(content), encoding="utf-8")
        made.replace(self._progress)
        self._recorded = time.monotonic()

    def finish(self) -> None:
        """Put the file in the result's place."""
        self.file.flush()
        os.fsync(self.file.fileno())
        # As the user's umask has it, like any file that they make.
        self.path.replace(self._target)
        self._progress.unlink(missing_ok=True)
        self.file.close()

    def discard(self) -> None:
        """Remove what there is: nothing of it can be used."""
        self.path.unlink(missing_ok=True)
        self._progress.unlink(missing_ok=True)
        self.file.close()

    def leave(self) -> None:
        """Let another process go on with it."""
        self.file.close()

    def _refused(self, error: OSError) -> EndedError:
        return EndedError(f"{self._target}: cannot be written: {error.strerror}")

    def _restored(self) -> dict[str, Any] | None:
        """The state of an earlier run, and the file as it was then."""
        try:
            content = json.loads(self._progress.read_bytes())
            size, tail = content["size"], base64.b64decode(content["tail"])
            state: dict[str, Any] = content["state"]
            same = content["identity"] == self._identity
        except (OSError, ValueError, LookupError, TypeError):
            return None
        if not same or os.fstat(self.file.fileno()).st_size < size:
            return None
        self.file.truncate(size)
        self.file.write(tail)
        self.file.flush()
        return state


def _lock(file: IO[bytes]) -> None:
    """Take a file for this process and those that it forks.

    Raises:
        BlockingIOError: another has it.
    """
    deadline = time.monotonic() + _RELEASED_WITHIN_S
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
