"""The figures of what an instance has answered, and the line of log that tells them."""

import json
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf, nextafter
from typing import Any

from config.card import Card
from config.drift import in_bins, stability_index
from config.layout import MONITORING_FORMAT, MONITORING_MEMBER

# Upper bounds, each of which belongs to its bucket; what is slower than the last has one more.
LATENCY_BOUNDS_MS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 1000)
_BOUNDS_NS = [round(bound * 1_000_000) for bound in LATENCY_BOUNDS_MS]
# Cloud Logging takes entries of up to 256 KiB.
MOST_FEATURES_LOGGED = 256


@dataclass(slots=True)
class Counts:
    """How many of what.

    Attributes:
        answers: by status.
        latency: by the place of their bucket among ``LATENCY_BOUNDS_MS``.
        latency_ns: of all answers together.
        classes: predictions by the class's number.
        values: of each feature by place: below its range, in each of its bins, above.
    """

    values: list[Counter[int]]
    answers: Counter[int] = field(default_factory=Counter)
    latency: Counter[int] = field(default_factory=Counter)
    latency_ns: int = 0
    classes: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add the other's."""
        self.answers.update(other.answers)
        self.latency.update(other.latency)
        self.latency_ns += other.latency_ns
        self.classes.update(other.classes)
        for mine, theirs in zip(self.values, other.values, strict=True):
            mine.update(theirs)


class Tally:
    """Counts from the instance's start, and the places of the last values of each feature."""

    def __init__(self, card: Card, window: int) -> None:
        self.card = card
        self._told, self._fresh = self._nothing(), self._nothing()
        self._told_ns = time.monotonic_ns()
        self._lines = 0
        self._recent: list[deque[int]] = [deque(maxlen=window) for _ in card.features]
        # As edges, the range's ends leave a place at either side.
        self._edges = [
            [nextafter(one.minimum, -inf), *one.edges, one.maximum] for one in card.features
        ]

    def add(
        self,
        answers: Sequence[tuple[int, int]],
        classes: Iterable[int],
        rows: Iterable[Sequence[float]],
    ) -> None:
        """Count answers (status, nanoseconds), predicted classes, and rows of features."""
        fresh = self._fresh
        elapsed = [nanoseconds for _, nanoseconds in answers]
        fresh.answers.update([status for status, _ in answers])
        fresh.latency.update(map(partial(bisect_left, _BOUNDS_NS), elapsed))
        fresh.latency_ns += sum(elapsed)
        fresh.classes.update(classes)
        for number, column in enumerate(zip(*rows, strict=True)):
            places = list(map(partial(bisect_left, self._edges[number]), column))
            fresh.values[number].update(places)
            self._recent[number].extend(places)

    def total(self) -> Counts:
        """Since the instance's start."""
        total = self._nothing()
        total.add(self._told)
        total.add(self._fresh)
        return total

    def histogram(self, counts: Counts, number: int) -> list[int]:
        """Values of one feature: below its range, in each of its bins, above."""
        return [counts.values[number][place] for place in range(len(self._edges[number]) + 1)]

    def window(self) -> int:
        """How many rows the drift scores are of."""
        return len(self._recent[0])

    def drift(self, number: int) -> float | None:
        """One feature's population stability index in the window; None while that is empty."""
        if not self._recent[number]:
            return None
        recent = Counter(self._recent[number])
        counts = [recent[place] for place in range(len(self._edges[number]) + 1)]
        return stability_index(in_bins(counts), self.card.features[number].shares)

    def line(self, instance: str, bundle: str) -> str:
        """What has been answered since the line before, as one more; empty if nothing has."""
        fresh = self._fresh
        if not fresh.answers:
            return ""
        now = time.monotonic_ns()
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
            "answers": dict(fresh.answers),
            "latency_bounds_ms": LATENCY_BOUNDS_MS,
            "latency": latency_buckets(fresh),
            "latency_sum_ms": round(fresh.latency_ns / 1e6, 3),
            "predictions": {self.card.classes[one]: n for one, n in fresh.classes.items()},
            "window": self.window(),
            "features": [self._feature(number) for number in self._logged()],
        }
        message = f"{fresh.answers.total()} answers in {seconds:.0f} s, in figures"
        self._told.add(fresh)
        self._fresh, self._told_ns = self._nothing(), now
        event = {"severity": "INFO", "message": message, MONITORING_MEMBER: members}
        return json.dumps(event, separators=(",", ":")) + "\n"

    def _feature(self, number: int) -> dict[str, Any]:
        drift = self.drift(number)
        return {
            "name": self.card.features[number].name,
            "counts": self.histogram(self._fresh, number),
            "shares": self.card.features[number].shares,
            "psi": None if drift is None else round(drift, 4),
        }

    def _logged(self) -> range:
        return range(min(len(self.card.features), MOST_FEATURES_LOGGED))

    def _nothing(self) -> Counts:
        return Counts([Counter() for _ in self.card.features])


def latency_buckets(counts: Counts) -> list[int]:
    """Answers in each bucket, and those slower than the last bound."""
    return [counts.latency[place] for place in range(len(LATENCY_BOUNDS_MS) + 1)]
