"""Changes that the gate notices, and its false alarms: simulated on the recorded noise."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.studies.noise import Noise
from twinserve.config.measurement import Measurement
from twinserve.measure.pages.render import Cell, Row, Table
from twinserve.measure.pairs.micro import ROUNDS
from twinserve.measure.statistics import Floats, estimates

SEED = 4_711
# Rounds that are drawn together, neighbours as they were taken: noise comes in stretches, and drawn
# one by one it would look milder than it is.
BLOCK = 5
WARM_SLOWDOWN, COLD_SLOWDOWN = 1.2, 1.3

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much a comparison takes.

    Attributes:
        rounds: of cold starts and warm latencies.
        suites: rounds of micro-benchmarks.
        allowed: ratio.
    """

    rounds: int
    suites: int
    allowed: float


@dataclass(frozen=True, slots=True)
class Power:
    """Of a figure: the shares of comparisons in which the gate fails, and in which it warns.

    Attributes:
        slowdown: of the candidate; 1 is none, so that each failure is a false alarm.
        spread: half the width of the middle half of the ratios, which says how noisy they are.
    """

    figure: str
    slowdown: float
    fails: float
    warns: float
    spread: float


def sizes_of(wanted: Measurement) -> Sizes:
    """The sizes that ``params.yaml`` asks for."""
    return Sizes(wanted.comparison.rounds, ROUNDS, wanted.comparison.allowed_ratio)


def power_of(noise: Noise, sizes: Sizes, comparisons: int) -> list[Power]:
    """A/A and A/B of each figure, then A/A of all of them at once: a whole check."""
    rng = np.random.default_rng(SEED)
    powers, alarms = [], np.zeros(comparisons, dtype=np.bool_)
    for figure, recorded, slowdown, rounds in _figures(noise, sizes):
        for factor in (1.0, slowdown):
            ratios = _draw(recorded, rounds, comparisons, rng) * factor
            failed, warned = _judge(ratios, sizes.allowed)
            spread = float(np.ptp(np.percentile(ratios / factor, [25, 75]))) / 2
            powers.append(Power(figure, factor, float(failed.mean()), float(warned.mean()), spread))
            if factor == 1.0:
                alarms |= failed
    return [*powers, Power("any of them", 1.0, float(alarms.mean()), 0.0, 0.0)]


def _figures(noise: Noise, sizes: Sizes) -> list[tuple[str, Floats, float, int]]:
    """Name, recorded values by round, side and take, the slowdown to notice, rounds to draw."""
    figures = []
    for name, cold in noise.cold_ms.items():
        warm = np.median(noise.warm_ms[name], axis=-1, keepdims=True)
        figures += [
            (f"{name}: cold start", cold, COLD_SLOWDOWN, sizes.rounds),
            (f"{name}: warm p50", warm, WARM_SLOWDOWN, sizes.rounds),
        ]
    for place, name in enumerate(noise.micro):
        micro = noise.micro_us[:, :, place : place + 1]
        figures.append((name, micro, WARM_SLOWDOWN, sizes.suites))
    return figures


def _draw(recorded: Floats, rounds: int, comparisons: int, rng: np.random.Generator) -> Floats:
    """Ratios of as many comparisons, a row each, from stretches of the record."""
    stretch = min(BLOCK, rounds, len(recorded))
    starts = rng.integers(
        0, len(recorded) - stretch, size=(comparisons, -(-rounds // stretch)), endpoint=True
    )
    picked = (starts[:, :, np.newaxis] + np.arange(stretch)).reshape(comparisons, -1)[:, :rounds]
    ratios = recorded[:, 1, :] / recorded[:, 0, :]
    # Either side may have been the candidate.
    signs = rng.choice([-1.0, 1.0], size=(comparisons, 1))
    return np.asarray(ratios[picked].reshape(comparisons, -1) ** signs)


def _judge(ratios: Floats, allowed: float) -> tuple[Flags, Flags]:
    """As ``judge_budget`` does it: who fails, and who only warns."""
    estimated = estimates(ratios)
    failed = estimated.lows > allowed
    return failed, (estimated.values > allowed) & ~failed


def power_table(powers: Sequence[Power], sizes: Sizes, comparisons: int) -> Table:
    """A row each figure: what share of comparisons fails without and with a slowdown."""
    rows = [
        Row(
            power.figure,
            (
                Cell("none" if power.slowdown == 1 else f"{power.slowdown - 1:.0%}"),
                Cell(f"{power.fails:.1%}"),
                Cell(f"{power.warns:.1%}"),
                Cell(f"±{power.spread:.1%}" if power.spread else ""),
            ),
        )
        for power in powers
    ]
    sizes_in_words = f"{sizes.rounds} rounds ({sizes.suites} of micro-benchmarks)"
    caption = f"Of {comparisons} comparisons of {sizes_in_words}"
    return Table(
        caption,
        ("", "slowdown", "gate fails", "only warns", "half of the ratios within"),
        tuple(rows),
    )
