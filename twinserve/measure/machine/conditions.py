"""When a measurement was taken, on which machine, under which load."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from twinserve.measure.machine.host import Machine, load_average, read_machine


@dataclass(frozen=True, slots=True)
class Conditions:
    """The conditions that a reader must know before a measurement's figures.

    Attributes:
        taken_at: when it began; UTC, ISO 8601.
        load_before: load average of a minute when it began; None where the system does not tell.
        load_after: likewise when it ended.
    """

    taken_at: str
    machine: Machine
    load_before: float | None
    load_after: float | None

    @property
    def load(self) -> str:
        """Both load averages in words."""
        loads = (self.load_before, self.load_after)
        return ", then ".join("not told" if load is None else f"{load:.1f}" for load in loads)


def begin_measurement() -> Callable[[], Conditions]:
    """Note time and load; call the result when the measurement has ended."""
    taken_at = datetime.now(UTC).isoformat(timespec="seconds")
    load_before = load_average()
    return lambda: Conditions(taken_at, read_machine(), load_before, load_average())
