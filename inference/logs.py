"""What libraries log, as the same one-line JSON that requests are logged in."""

import logging

from inference.telemetry import write_event


class JsonHandler(logging.Handler):
    """Writes each record, with its traceback, as one Cloud Logging line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; Python's level names are Cloud Logging's severities."""
        write_event(record.levelname, self.format(record), logger=record.name)


def install() -> None:
    """Send every logger's warnings and errors there."""
    logging.basicConfig(handlers=[JsonHandler()], level=logging.WARNING)
