"""Percentiles and ratios with 95% bootstrap intervals, and the rule by which a gate decides."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20_240_229
MEDIAN = 50.0
# Neighbours that are resampled together: at a usual rate they span what a stall lasts.
BLOCK = 20


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of a sample, and its 95% bootstrap interval."""

    value: float
    low: float
    high: float


class Outcome(StrEnum):
    """A gate's verdict on a budget."""

    KEPT = "kept"
    WARNING = "warning"
    BROKEN = "broken"


Floats = npt.NDArray[np.float64]
Statistic = Callable[..., Floats]


@dataclass(frozen=True, slots=True)
class Intervals:
    """Estimates of many samples at once, one an element."""

    values: Floats
    lows: Floats
    highs: Floats


def estimate(samples: Sequence[float], percentile: float = MEDIAN) -> Estimate:
    """A percentile of independent samples.

    The percentile bootstrap: the bias-corrected one has no value where all samples are equal. With
    two or three samples its interval is their range and no more than that.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no samples")
    series = estimates(np.asarray(samples, dtype=np.float64)[np.newaxis, :], percentile)
    return Estimate(float(series.values[0]), float(series.lows[0]), float(series.highs[0]))


def estimates(samples: Floats, percentile: float = MEDIAN) -> Intervals:
    """A percentile of each row, each exactly as ``estimate`` would have it."""

    def statistic(data: Floats, axis: int = -1) -> Floats:
        return np.asarray(np.percentile(data, percentile, axis=axis))

    values = statistic(samples)
    if samples.shape[-1] == 1:
        return Intervals(values, values, values)
    return Intervals(values, *_bootstrap(samples, statistic))


def estimate_mean(samples: Sequence[float]) -> Estimate:
    """The mean of independent samples.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no samples")
    taken = np.asarray(samples, dtype=np.float64)
    value = float(np.mean(taken))
    if len(samples) == 1:
        return Estimate(value, value, value)
    lows, highs = _bootstrap(taken, np.mean)
    return Estimate(value, float(lows), float(highs))


def estimate_series(runs: Sequence[Sequence[float]], percentile: float = MEDIAN) -> Estimate:
    """A percentile of samples that were taken one after the other, in one or several runs.

    What slows a machine slows neighbours alike, so blocks of them are resampled: one by one they
    would make the interval narrower than it is.

    Raises:
        ValueError: there is no sample.
    """
    samples = [sample for run in runs for sample in run]
    starts = [(run, start) for run in runs for start in range(0, len(run) - BLOCK + 1, BLOCK)]
    if len(starts) <= 1:
        return estimate(samples, percentile)
    blocks = np.asarray([run[start : start + BLOCK] for run, start in starts], dtype=np.float64)

    def statistic(drawn: Floats, axis: int = -1) -> Floats:
        taken = blocks[drawn.astype(np.intp)]
        return np.asarray(np.percentile(taken, percentile, axis=(axis - 1, axis)))

    lows, highs = _bootstrap(np.arange(len(blocks), dtype=np.float64), statistic)
    value = float(np.percentile(samples, percentile))
    return Estimate(value, min(float(lows), value), max(float(highs), value))


def _bootstrap(samples: Floats, statistic: Statistic) -> tuple[Floats, Floats]:
    """Both ends of the interval; the samples are along the last axis."""
    from scipy import stats

    interval = stats.bootstrap(
        (samples,),
        statistic,
        vectorized=True,
        axis=-1,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        batch=250,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return np.asarray(interval.low), np.asarray(interval.high)


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """The median of the ratios of samples that were taken side by side, round by round.

    What slows the machine for a while slows both halves of a pair, and cancels.

    Raises:
        ValueError: the sequences differ in length or are empty.
    """
    return estimate(
        [
            numerator / denominator
            for numerator, denominator in zip(numerators, denominators, strict=True)
        ]
    )


def judge_budget(measured: Estimate, budget: float) -> Outcome:
    """Whether ``measured``, of which less is better, keeps the budget, as a ratio what is allowed.

    Broken only if the whole interval is over it: noise alone must not fail a run.
    """
    if measured.low > budget:
        return Outcome.BROKEN
    return Outcome.WARNING if measured.value > budget else Outcome.KEPT


def worst(outcomes: Iterable[Outcome]) -> Outcome:
    """The worst of them."""
    order = list(Outcome)
    return max(outcomes, key=order.index)
