"""A history in a bucket: an object each, created only where there is none."""

from collections.abc import Callable
from typing import Generic, TypeVar

from twinserve.config.errors import UserError
from twinserve.measure.history.document import Document
from twinserve.measure.history.names import attempts
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason
from twinserve.targets.google.storage import ABSENT, read_lines, write_object

Kept = TypeVar("Kept", bound=Document)


class BucketHistory(Generic[Kept]):
    """Objects below ``gs://bucket/prefix``; see ``twinserve.measure.history.places.History``."""

    def __init__(self, gcloud: Gcloud, url: str, parse: Callable[[str, str], Kept]) -> None:
        self._gcloud = gcloud
        self._url = url
        self._parse = parse

    def append(self, document: Kept) -> str:
        """Keep it; where it is now.

        Raises:
            UserError: Google refuses.
        """
        line = document.to_line()
        for name in attempts(document.name):
            url = f"{self._url}/{name}"
            try:
                write_object(self._gcloud, url, line, generation=ABSENT)
            except GcloudError as error:
                if error.reason is not Reason.PRECONDITION:
                    raise
            else:
                return url
        raise UserError(f"{self._url}: no name is free")  # pragma: no cover - there are no ends

    def read(self) -> list[Kept]:
        """All of them, the oldest first.

        Raises:
            UserError: they cannot be read, or a document is another.
        """
        lines = read_lines(self._gcloud, f"{self._url}/*.json")
        documents = [self._parse(line, self._url) for line in lines if line.strip()]
        return sorted(documents, key=lambda document: document.taken_at)
