"""The protocol of every target."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
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
        fault: says in a line why the endpoint runs no longer, or None while it does; whoever waits
            for an answer asks it, so as not to wait for a process that has ended.
        token: that every request must bear, where the endpoint is private; never shown.
        path: where a prediction is asked for.
        headers: that every request bears for the user's own middleware; never shown.
    """

    name: str
    url: str
    spawned_ns: int
    pid: int | None = None
    fault: Callable[[], str | None] = field(default=lambda: None, compare=False)
    token: str | None = field(default=None, repr=False)
    path: str = "/predict"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def predict_url(self) -> str:
        """Where a prediction is asked for."""
        return f"{self.url}{self.path}"


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
