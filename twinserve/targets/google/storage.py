"""Objects of a bucket, whole, with the generations that make a lock of one.

Source: Cloud Storage, "Request preconditions": ``if-generation-match`` 0 means that there is none.
"""

import re
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.targets.google.gcloud import Gcloud, if_it_exists
from twinserve.targets.opener import ask

HOST = "https://storage.googleapis.com/"
ANSWER_WITHIN_S = 30.0
# Between two calls another generation may take the place of the one that was seen.
MOST_TRIES = 3
ABSENT = "0"
# What a dry run prints where a generation will stand.
UNKNOWN = "GENERATION"


@dataclass(frozen=True, slots=True)
class Object:
    """An object as it was read.

    Attributes:
        updated: by the bucket's clock.
    """

    text: str
    generation: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An object by its name in the bucket; ``updated`` is by the bucket's clock."""

    name: str
    generation: str
    updated: datetime


def server_time() -> datetime:
    """Now, by the clock of those who note when an object was written.

    Raises:
        UserError: nothing answers.
    """
    # Any answer says when it was given, a refusal too.
    try:
        told = ask(HOST, ANSWER_WITHIN_S, method="HEAD").headers.get("date")
    except OSError as error:
        raise UserError(f"{HOST} does not say what time it is: {error}") from None
    try:
        return parsedate_to_datetime(told or "").astimezone(UTC)
    except (TypeError, ValueError):
        raise UserError(f"{HOST} does not say what time it is: {told!r}") from None


def read_generation(gcloud: Gcloud, url: str) -> str | None:
    """Which generation of the object at ``gs://bucket/name`` there is, or None.

    Raises:
        GcloudError: it cannot be read.
    """
    described = _describe(gcloud, url)
    return None if described is None else described[0]


def read_object(gcloud: Gcloud, url: str) -> Object | None:
    """The object at ``gs://bucket/name``, or None.

    Raises:
        GcloudError: it cannot be read.
    """
    for _ in range(MOST_TRIES):
        described = _describe(gcloud, url)
        if described is None:
            return None
        generation, updated = described
        with if_it_exists():
            text = gcloud.read_text("storage", "cat", f"{url}#{generation}")
            return Object(text, generation, updated)
    return None


def _describe(gcloud: Gcloud, url: str) -> tuple[str, datetime] | None:
    """Generation and time of the last change; None where there is no object."""
    with if_it_exists():
        described = gcloud.read("storage", "objects", "describe", url)
        return str(described["generation"]), datetime.fromisoformat(described["update_time"])
    return None


def read_objects(gcloud: Gcloud, pattern: str) -> dict[str, bytes]:
    """Every object that fits a pattern with ``*`` in its last part, by that part, in one call.

    Raises:
        GcloudError: they cannot be read.
    """
    with tempfile.TemporaryDirectory() as directory:
        with if_it_exists():
            gcloud.read_text("storage", "cp", pattern, directory)
            return {path.name: path.read_bytes() for path in sorted(Path(directory).iterdir())}
        return {}


def list_objects(gcloud: Gcloud, pattern: str) -> list[Listed]:
    """Every object that fits a pattern with ``*`` or ``**``, in one call.

    Raises:
        GcloudError: they cannot be listed.
    """
    return [
        Listed(
            entry["name"], str(entry["generation"]), datetime.fromisoformat(entry["update_time"])
        )
        for entry in _listed(gcloud, pattern)
    ]


def _listed(gcloud: Gcloud, pattern: str) -> list[dict[str, Any]]:
    with if_it_exists():
        return gcloud.read("storage", "objects", "list", pattern) or []
    return []


@dataclass(frozen=True, slots=True)
class Sized:
    """An object by its name in the bucket, with its size in bytes."""

    name: str
    generation: str
    size: int


def list_sized(gcloud: Gcloud, pattern: str) -> list[Sized]:
    """Every object that fits a pattern with ``*`` or ``**``, in one call.

    Raises:
        GcloudError: they cannot be listed.
    """
    return [
        Sized(entry["name"], str(entry["generation"]), int(entry["size"]))
        for entry in _listed(gcloud, pattern)
    ]


def delete_objects(gcloud: Gcloud, pattern: str) -> None:
    """Delete every object that fits a pattern; none is none.

    Raises:
        GcloudError: it is refused.
    """
    with if_it_exists():
        gcloud.change_text("storage", "rm", pattern)


def read_lines(gcloud: Gcloud, pattern: str) -> list[str]:
    """The lines of every object that fits a pattern with ``*``, in one call.

    Raises:
        GcloudError: they cannot be read.
    """
    with if_it_exists():
        return gcloud.read_text("storage", "cat", pattern).splitlines()
    return []


def upload(gcloud: Gcloud, path: Path, url: str) -> None:
    """Write a file's content as an object.

    Raises:
        GcloudError: it is refused.
    """
    gcloud.change_text("storage", "cp", str(path), url)


def write_object(gcloud: Gcloud, url: str, text: str, *, generation: str | None = None) -> str:
    """Write the whole object, only over the given generation if there is one.

    Returns the new generation, ``UNKNOWN`` on a dry run.

    Raises:
        GcloudError: another generation is there (``Reason.PRECONDITION``), or it is refused.
    """
    condition = [] if generation is None else [f"--if-generation-match={generation}"]
    printed = gcloud.change_text(
        "storage", "cp", "-", url, "--print-created-message", *condition, content=text
    )
    match = re.search(rf"{re.escape(url)}#(\d+)", printed)
    return match[1] if match else UNKNOWN


def delete_object(gcloud: Gcloud, url: str, *, generation: str) -> None:
    """Delete that generation of the object.

    Raises:
        GcloudError: another generation is there (``Reason.PRECONDITION``), or it is refused.
    """
    gcloud.change_text("storage", "rm", url, f"--if-generation-match={generation}")
