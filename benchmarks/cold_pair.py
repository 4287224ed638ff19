"""Cold starts of the same thing in two places, in turns: what the second place costs."""

from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks.cold import ColdSample, first_exchange, weigh
from benchmarks.machine import Machine, load_average, read_machine
from benchmarks.statistics import Estimate, estimate, paired_ratio
from benchmarks.text import interval, milliseconds, ratio
from config.errors import UserError
from targets.protocol import Target


@dataclass(frozen=True, slots=True)
class ColdPair:
    """Medians with their intervals, and of the ratios round by round.

    Attributes:
        names: of what was measured, and what against.
        own_ratio: of the ages that the processes tell with their answers; what happens before a
            process is there is the place's share, an engine's or a platform's.
        samples_ms: (measured, against) of each round.
    """

    taken_at: str
    names: tuple[str, str]
    measured_ms: Estimate
    against_ms: Estimate
    ratio: Estimate
    own_ratio: Estimate
    samples_ms: tuple[tuple[float, float], ...]
    machine: Machine
    load_before: float | None
    load_after: float | None

    def __str__(self) -> str:
        """In a line."""
        measured, against = self.names
        return (
            f"cold start, median of {len(self.samples_ms)} rounds: {measured} "
            f"{milliseconds(self.measured_ms.value)} ({interval(self.measured_ms)}), {against} "
            f"{milliseconds(self.against_ms.value)} ({interval(self.against_ms)}); "
            f"ratio {ratio(self.ratio.value)} ({interval(self.ratio)}), of the processes' own time "
            f"{ratio(self.own_ratio.value)} ({interval(self.own_ratio)})"
        )


def compare_cold(
    measured: tuple[str, Target], against: tuple[str, Target], body: bytes, *, rounds: int
) -> ColdPair:
    """Start both in each round, the other one first in every second.

    Raises:
        UserError: a start was not proven cold.
    """
    taken_at, load_before = datetime.now(UTC).isoformat(timespec="seconds"), load_average()
    seen: set[str] = set()
    pairs: list[tuple[ColdSample, ColdSample]] = []
    for number in range(rounds):
        order = (against, measured) if number % 2 else (measured, against)
        found = {name: _cold_start(name, target, body, seen) for name, target in order}
        pairs.append((found[measured[0]], found[against[0]]))
    samples = tuple((one.total_ms, other.total_ms) for one, other in pairs)
    ours, theirs = zip(*samples, strict=True)
    return ColdPair(
        taken_at=taken_at,
        names=(measured[0], against[0]),
        measured_ms=estimate(ours),
        against_ms=estimate(theirs),
        ratio=paired_ratio(ours, theirs),
        own_ratio=paired_ratio([one.age_ms for one, _ in pairs], [one.age_ms for _, one in pairs]),
        samples_ms=samples,
        machine=read_machine(),
        load_before=load_before,
        load_after=load_average(),
    )


def _cold_start(name: str, target: Target, body: bytes, seen: set[str]) -> ColdSample:
    with target.start() as endpoint:
        sample = weigh(endpoint, first_exchange(endpoint, body), seen)
    if not isinstance(sample, ColdSample):
        raise UserError(f"{name}: a start was not proven cold: {sample}")
    seen.add(sample.instance)
    return sample
