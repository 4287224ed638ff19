"""What the time of a run goes to: processor time of each stage, summed over processes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stages(dict[str, float]):
    """Seconds of processor time by stage."""

    def add(self, name: str, seconds: float) -> None:
        """Count seconds of a stage."""
        self[name] = self.get(name, 0.0) + seconds

    def add_all(self, other: "Stages") -> None:
        """Count those of another process."""
        for name, seconds in other.items():
            self.add(name, seconds)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Count what the block takes."""
        began = time.process_time()
        try:
            yield
        finally:
            self.add(name, time.process_time() - began)
