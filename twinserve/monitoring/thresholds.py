"""Observed figures, held against the thresholds in ``params.yaml``."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from twinserve.config.measurement import Monitoring
from twinserve.monitoring.observed import Observed

LATENCY_PERCENTILE = 99


class State(StrEnum):
    """The verdict on a figure; the values are the page's names of colours."""

    KEPT = "kept"
    UNKNOWN = "warning"
    PASSED = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """A figure of a target and its threshold.

    Attributes:
        figure: what it is, in words.
        of: how many answers or values it is taken from; with too few its state is unknown.
    """

    target: str
    figure: str
    value: float
    threshold: float
    unit: str
    of: int
    state: State


def find(targets: Sequence[Observed], monitoring: Monitoring) -> tuple[Finding, ...]:
    """Each figure that has a threshold, of each target."""
    return tuple(finding for target in targets for finding in _of_target(target, monitoring))


def worst(findings: Sequence[Finding]) -> State:
    """The worst state of the findings: passed, else unknown, else kept."""
    states = {finding.state for finding in findings}
    return next((state for state in (State.PASSED, State.UNKNOWN) if state in states), State.KEPT)


def _of_target(seen: Observed, monitoring: Monitoring) -> list[Finding]:
    wanted, findings = monitoring.thresholds, []

    def hold(figure: str, value: float, limit: float | None, unit: str, of: int, few: int) -> None:
        if limit is not None:
            state = State.UNKNOWN if of < few else State.PASSED if value > limit else State.KEPT
            findings.append(Finding(seen.target, figure, value, limit, unit, of, state))

    answers = (seen.answered, monitoring.min_answers)
    p99 = seen.latency_ms(LATENCY_PERCENTILE)
    hold("error rate", seen.error_rate, wanted.error_rate, "", *answers)
    hold("latency, p99", p99, wanted.latency_p99_ms, "ms", *answers)
    for feature in seen.features:
        values = (feature.values, monitoring.min_predictions)
        hold(f"drift of {feature.name}", feature.psi, wanted.drift_psi, "", *values)
        outside = feature.out_of_range
        hold(f"{feature.name} out of range", outside, wanted.out_of_range, "", *values)
    return findings
