"""Objects of a bucket, whole, with the generations that make a lock of one.

Source: Cloud Storage, "Request preconditions": ``if-generation-match`` 0 means that there is none.
"""

import re
from dataclasses import dataclass

from targets.gcloud import Gcloud, GcloudError, Reason

ABSENT = "0"
# What a dry run prints where a generation will stand.
UNKNOWN = "GENERATION"


@dataclass(frozen=True, slots=True)
class Object:
    """An object as it was read."""

    text: str
    generation: str


def read_object(gcloud: Gcloud, url: str) -> Object | None:
    """The object at ``gs://bucket/name``, or None.

    Raises:
        GcloudError: it cannot be read.
    """
    try:
        generation = str(gcloud.read("storage", "objects", "describe", url)["generation"])
        text = gcloud.read_text("storage", "cat", f"{url}#{generation}")
    except GcloudError as error:
        if error.reason is Reason.NOT_FOUND:
            return None
        raise
    return Object(text, generation)


def read_lines(gcloud: Gcloud, pattern: str) -> list[str]:
    """The lines of every object that fits a pattern with ``*``, in one call.

    Raises:
        GcloudError: they cannot be read.
    """
    try:
        return gcloud.read_text("storage", "cat", pattern).splitlines()
    except GcloudError as error:
        if error.reason is Reason.NOT_FOUND:
            return []
        raise


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
    found = re.search(rf"{re.escape(url)}#(\d+)", printed)
    return found[1] if found else UNKNOWN


def delete_object(gcloud: Gcloud, url: str, *, generation: str) -> None:
    """Delete that generation of the object.

    Raises:
        GcloudError: another generation is there (``Reason.PRECONDITION``), or it is refused.
    """
    gcloud.change_text("storage", "rm", url, f"--if-generation-match={generation}")
