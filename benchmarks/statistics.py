"""Percentiles and ratios with 95% bootstrap intervals, and the rule by which a gate decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import numpy as np

CONFIDENCE = 0.95
RESAMPLES = 2000
SEED = 20_240_229
MEDIAN = 50.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A statistic of a sample, and its 95% bootstrap interval."""

    value: float
    low: float
    high: float


class Outcome(StrEnum):
    """What a gate says of a budget."""

    KEPT = "kept"
    WARNING = "warning"
    BROKEN = "broken"


def estimate(samples: Sequence[float], percentile: float = MEDIAN) -> Estimate:
    """A percentile of independent samples.

    The percentile bootstrap: the bias-corrected one has no value where all samples are equal. With
    two or three samples its interval is their range and no more than that.

    Raises:
        ValueError: there is no sample.
    """
    if not samples:
        raise ValueError("no samples")
    statistic = partial(np.percentile, q=percentile)
    data = np.asarray(samples, dtype=np.float64)
    value = float(statistic(data))
    if len(data) == 1:
        return Estimate(value, value, value)
    from scipy import stats

    interval = stats.bootstrap(
        (data,),
        statistic,
        vectorized=True,
        confidence_level=CONFIDENCE,
        n_resamples=RESAMPLES,
        batch=250,
        method="percentile",
        rng=np.random.default_rng(SEED),
    ).confidence_interval
    return Estimate(value, float(interval.low), float(interval.high))


def paired_ratio(numerators: Sequence[float], denominators: Sequence[float]) -> Estimate:
    """The median of the ratios of samples that were taken side by side, round by round.

    What slows the machine for a while slows both halves of a pair, and cancels.

    Raises:
        ValueError: the sequences differ in length or are empty.
    """
    return estimate([one / other for one, other in zip(numerators, denominators, strict=True)])


def judge_budget(measured: Estimate, budget: float) -> Outcome:
    """Whether ``measured``, of which less is better, keeps the budget.

    Broken only if the whole interval is over it: noise alone must not fail a run.
    """
    if measured.low > budget:
        return Outcome.BROKEN
    return Outcome.WARNING if measured.value > budget else Outcome.KEPT
