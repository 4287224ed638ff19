"""A history in a bucket: an object each, created only where there is none."""

from twinserve.config.errors import UserError
from twinserve.measure.history.document import Measurement, read_line
from twinserve.measure.history.names import attempts
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason
from twinserve.targets.google.storage import ABSENT, read_lines, write_object


class BucketHistory:
    """Objects below ``gs://bucket/prefix``; see ``twinserve.measure.history.places.History``."""

    def __init__(self, gcloud: Gcloud, url: str) -> None:
        self._gcloud = gcloud
        self._url = url

    def append(self, measurement: Measurement) -> str:
        """Keep it; where it is now.

        Raises:
            UserError: Google refuses.
        """
        line = measurement.to_line()
        for name in attempts(measurement.name):
            url = f"{self._url}/{name}"
            try:
                write_object(self._gcloud, url, line, generation=ABSENT)
            except GcloudError as error:
                if error.reason is not Reason.PRECONDITION:
                    raise
            else:
                return url
        raise UserError(f"{self._url}: no name is free")  # pragma: no cover - there are no ends

    def read(self) -> list[Measurement]:
        """All of them, the oldest first.

        Raises:
            UserError: they cannot be read, or a document is no measurement.
        """
        lines = read_lines(self._gcloud, f"{self._url}/*.json")
        measurements = [read_line(line, self._url) for line in lines if line.strip()]
        return sorted(measurements, key=lambda measurement: measurement.taken_at)
