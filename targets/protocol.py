"""What every target offers."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A running endpoint.

    Attributes:
        name: of the target: ``service``, ``function``, or a variant in a benchmark.
        url: base URL without a slash at the end.
        spawned_ns: ``time.monotonic_ns()`` just before the start was asked for. The process that
            answers cannot have begun earlier.
        pid: of the process, where it runs on this machine.
    """

    name: str
    url: str
    spawned_ns: int
    pid: int | None = None

    @property
    def predict_url(self) -> str:
        """Where a prediction is asked for."""
        return f"{self.url}/predict"


class Target(Protocol):
    """Somewhere that an endpoint can be started."""

    @property
    def name(self) -> str:
        """Name in tables and reports."""

    def start(self) -> AbstractContextManager[Endpoint]:
        """Ask for a fresh instance and return at once, without waiting for its first answer.

        Leaving the context stops it.

        Raises:
            UserError: it cannot be started here.
        """
