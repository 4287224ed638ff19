"""The figures of what an instance has answered, and the line of log that tells them."""

import json
import time
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from config.card import Card, Feature
from config.drift import in_bins, stability_index
from config.layout import MONITORING_FORMAT, MONITORING_MEMBER

# Upper bounds, each of which belongs to its bucket; what is slower than the last has one more.
LATENCY_BOUNDS_MS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000)
_BOUNDS_NS = [round(bound * 1_000_000) for bound in LATENCY_BOUNDS_MS]
# Cloud Logging takes entries of up to 256 KiB.
MOST_FEATURES_LOGGED = 256
OK = 200


@dataclass(slots=True)
class Counts:
    """How many of what.

    Attributes:
        values: of each feature: below its range, in each of its bins, above.
        latency: in each bucket of ``LATENCY_BOUNDS_MS``, and slower.
        latency_ns: of all answers together.
        answers: by status.
        classes: predictions by the class's number.
    """

    values: list[list[int]]
    latency: list[int]
    latency_ns: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    classes: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add the other's."""
        self.latency = _plus(self.latency, other.latency)
        self.latency_ns += other.latency_ns
        self.answers.update(other.answers)
        self.classes.update(other.classes)
        self.values = [_plus(*pair) for pair in zip(self.values, other.values, strict=True)]


class Tally:
    """Counts from the instance's start, and the last rows."""

    def __init__(self, card: Card, window: int, began_ns: int) -> None:
        """Begin; ``began_ns`` is of ``time.perf_counter_ns``, and may lie before now."""
        self.card = card
        self._told, self._fresh = self._nothing(), self._nothing()
        self._told_ns = began_ns
        self._lines = 0
        self._recent: deque[Sequence[float]] = deque(maxlen=window)

    def add_answers(self, elapsed_ns: Sequence[int], refusals: Sequence[int]) -> None:
        """Count answers by the time that they took; all were 200 but for the given statuses."""
        fresh = self._fresh
        fresh.latency = _plus(fresh.latency, _latency(elapsed_ns))
        fresh.latency_ns += sum(elapsed_ns)
        fresh.answers.update(refusals)
        fresh.answers[OK] += len(elapsed_ns) - len(refusals)

    def add_predictions(self, classes: Iterable[int], rows: Sequence[Sequence[float]]) -> None:
        """Count predicted classes, and the features of some of their rows."""
        fresh = self._fresh
        fresh.classes.update(classes)
        self._recent.extend(rows)
        if rows:
            found = self._histograms(rows)
            fresh.values = [_plus(*pair) for pair in zip(fresh.values, found, strict=True)]

    def total(self) -> Counts:
        """Since the instance's start."""
        total = self._nothing()
        total.add(self._told)
        total.add(self._fresh)
        return total

    def window(self) -> int:
        """How many rows the drift scores are of."""
        return len(self._recent)

    def drift(self) -> list[float | None]:
        """Each feature's population stability index in the window; None while that is empty."""
        features = self.card.features
        if not self._recent:
            return [None for _ in features]
        return [
            stability_index(in_bins(counts), feature.shares)
            for counts, feature in zip(self._histograms(self._recent), features, strict=True)
        ]

    def line(self, instance: str, bundle: str) -> str:
        """What has been answered since the line before, as one more; empty if nothing has."""
        fresh = self._fresh
        if not fresh.answers.total():
            return ""
        now = time.perf_counter_ns()
        seconds = (now - self._told_ns) / 1e9
        self._lines += 1
        members = {
            "format": MONITORING_FORMAT,
            "instance": instance,
            "line": self._lines,
            "bundle": bundle,
            "model": self.card.name,
            "model_version": self.card.version,
            "seconds": round(seconds, 3),
            "answers": {status: count for status, count in fresh.answers.items() if count},
            "latency_bounds_ms": LATENCY_BOUNDS_MS,
            "latency": fresh.latency,
            "latency_sum_ms": round(fresh.latency_ns / 1e6, 3),
            "predictions": {self.card.classes[one]: n for one, n in fresh.classes.items()},
            "window": self.window(),
            "features": self._features(),
        }
        message = f"{fresh.answers.total()} answers in {seconds:.0f} s, in figures"
        self._told.add(fresh)
        self._fresh, self._told_ns = self._nothing(), now
        event = {"severity": "INFO", "message": message, MONITORING_MEMBER: members}
        return json.dumps(event, separators=(",", ":")) + "\n"

    def _features(self) -> list[dict[str, Any]]:
        told = zip(self.card.features, self._fresh.values, self.drift(), strict=True)
        return [
            {
                "name": feature.name,
                "counts": counts,
                "shares": feature.shares,
                "psi": None if drift is None else round(drift, 4),
            }
            for feature, counts, drift in list(told)[:MOST_FEATURES_LOGGED]
        ]

    def _histograms(self, rows: Iterable[Sequence[float]]) -> list[list[int]]:
        columns = zip(*rows, strict=True)
        return [_bins(*pair) for pair in zip(self.card.features, columns, strict=True)]

    def _nothing(self) -> Counts:
        values = [[0] * (len(feature.edges) + 3) for feature in self.card.features]
        return Counts(values, [0] * (len(_BOUNDS_NS) + 1))


def _bins(feature: Feature, column: Iterable[float]) -> list[int]:
    """How many values lie below the range, in each bin, and above."""
    # To sort first takes half as long as to look each value's place up.
    ordered = sorted(column)
    below = bisect_left(ordered, feature.minimum)
    ends = [bisect_right(ordered, edge) for edge in (*feature.edges, feature.maximum)]
    return _differences([below, *ends, len(ordered)])


def _latency(elapsed_ns: Iterable[int]) -> list[int]:
    ordered = sorted(elapsed_ns)
    return _differences([*(bisect_right(ordered, bound) for bound in _BOUNDS_NS), len(ordered)])


def _differences(cumulative: Sequence[int]) -> list[int]:
    return [one - before for one, before in zip(cumulative, [0, *cumulative], strict=False)]


def _plus(one: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(one, other, strict=True)]
