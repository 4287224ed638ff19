"""Cold starts of the same thing in two places, in turns: what the second place costs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.pages.files import to_json
from twinserve.measure.pages.text import interval, milliseconds, ratio
from twinserve.measure.pairs.cold_starts import take_pairs
from twinserve.measure.statistics import Estimate, estimate, paired_ratio
from twinserve.targets.protocol import Target


@dataclass(frozen=True, slots=True)
class ColdPair:
    """Medians with their intervals, and of the ratios round by round.

    Attributes:
        names: of what was measured, and what against.
        own_ratio: of the ages that the processes tell with their answers; what happens before a
            process is there is the place's share, an engine's or a platform's.
        samples_ms: (measured, against) of each round.
    """

    names: tuple[str, str]
    measured_ms: Estimate
    against_ms: Estimate
    ratio: Estimate
    own_ratio: Estimate
    samples_ms: tuple[tuple[float, float], ...]
    conditions: Conditions

    def __str__(self) -> str:
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
    end = begin_measurement()
    pairs = take_pairs(measured, against, body, rounds)
    samples = tuple((mine.total_ms, other.total_ms) for mine, other in pairs)
    ours, theirs = zip(*samples, strict=True)
    return ColdPair(
        names=(measured[0], against[0]),
        measured_ms=estimate(ours),
        against_ms=estimate(theirs),
        ratio=paired_ratio(ours, theirs),
        own_ratio=paired_ratio(
            [sample.age_ms for sample, _ in pairs], [sample.age_ms for _, sample in pairs]
        ),
        samples_ms=samples,
        conditions=end(),
    )


def keep(pairs: Sequence[ColdPair], directory: Path) -> None:
    """Write ``container.json``."""
    directory.mkdir(exist_ok=True)
    (directory / "container.json").write_text(f"[{', '.join(map(to_json, pairs))}]\n")
