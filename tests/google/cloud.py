"""The fake's cloud, as the functions that answer calls have it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.google.api import Json
from tests.google.faults import Fault
from tests.google.resources.revisions import Revisions
from tests.google.running.instances import Instances
from tests.google.running.serving import Listeners
from tests.google.state import State


@dataclass(slots=True)
class Cloud:
    """The state and what makes it real. ``lock`` is held while a call is carried out."""

    directory: Path
    instances: Instances
    state: State = field(default_factory=State)
    listeners: Listeners = field(default_factory=Listeners)
    faults: list[Fault] = field(default_factory=list)
    start_faults: dict[str, str] = field(default_factory=dict)
    build_failures: list[bool] = field(default_factory=list)
    on_build: Callable[[Json, Path], bool] | None = None
    network: dict[str, str] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)
    settled: threading.Condition = field(init=False)
    revisions: Revisions = field(init=False)

    def token_of(self, email: str) -> str:
        """A service account's access token."""
        token = f"ya29.{email}"
        self.state.callers[token] = f"serviceAccount:{email}"
        return token

    def is_known(self, email: str) -> bool:
        """Whether an account is there, and has been for as long as it takes to be known."""
        since = self.state.made_at.get(email, 0.0)
        return email in self.state.accounts and since + self.state.lag_s <= time.monotonic()

    def __post_init__(self) -> None:
        self.settled = threading.Condition(self.lock)
        self.revisions = Revisions(self)
