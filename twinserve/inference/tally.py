"""The figures of what an instance has answered, and the line of log that tells them."""

import json
import time
from bisect import bisect_left, bisect_right
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from twinserve.config.card import Card, Feature
from twinserve.config.drift import in_bins, stability_index
from twinserve.config.layout import MONITORING_FORMAT, MONITORING_MEMBER
from twinserve.inference.asgi import OK
from twinserve.inference.logs import MOST_LINE_BYTES

# Upper bounds of the buckets, powers of two of nanoseconds, 33 us to 1.1 s: a number's binary
# digits are told faster than its place among any other bounds. What is slower has one more.
_FIRST, _LAST = 15, 30
LATENCY_BOUNDS_MS = tuple(2**digits / 1e6 for digits in range(_FIRST, _LAST + 1))
# A night's reading has its bound too.
MOST_FEATURES_LOGGED = 256


@dataclass(slots=True)
class Counts:
    """How many of what.

    Attributes:
        values: of each feature: below its range, in each of its bins, above; of one that may be
            missing, then its gaps. Of a regression, what it predicts is counted like a feature.
        latency: in each bucket of ``LATENCY_BOUNDS_MS``, and slower.
        classes: predictions by the class's number.
        latency_ns: of all answers together.
        answers: by status.
    """

    values: list[list[int]]
    latency: list[int]
    classes: list[int]
    latency_ns: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    def add(self, other: "Counts") -> None:
        """Add the other's."""
        self.latency = _plus(self.latency, other.latency)
        self.latency_ns += other.latency_ns
        self.answers.update(other.answers)
        self.classes = _plus(self.classes, other.classes)
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

    def add_answers(
        self, by_digits: Sequence[int], latency_ns: int, refusals: Mapping[int, int]
    ) -> None:
        """Add answers, by the binary digits of their nanoseconds; all were 200 but for these."""
        fresh = self._fresh
        fast, slow = sum(by_digits[: _FIRST + 1]), sum(by_digits[_LAST + 1 :])
        latency = [fast, *by_digits[_FIRST + 1 : _LAST + 1], slow]
        fresh.latency = _plus(fresh.latency, latency)
        fresh.latency_ns += latency_ns
        fresh.answers.update(refusals)
        fresh.answers[OK] += sum(by_digits) - sum(refusals.values())

    def add_predictions(self, classes: Sequence[int], rows: Sequence[Sequence[float]]) -> None:
        """Add predictions by class, and the features of some of their rows."""
        fresh = self._fresh
        fresh.classes = _plus(fresh.classes, classes)
        self._recent.extend(rows)
        if rows:
            counts = self._histograms(rows)
            fresh.values = [_plus(*pair) for pair in zip(fresh.values, counts, strict=True)]

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
        features = self.card.observed
        if not self._recent:
            return [None for _ in features]
        return [
            stability_index(in_bins(counts, missing=feature.missing), feature.shares)
            for counts, feature in zip(self._histograms(self._recent), features, strict=True)
        ]

    def lines(self, instance: str, bundle: str) -> list[str]:
        """What has been answered since the lines before; none if nothing has.

        As many as are needed for all figures, since a line has its bound; they add up like others.
        """
        fresh = self._fresh
        if not fresh.answers.total():
            return []
        now = time.perf_counter_ns()
        seconds = (now - self._told_ns) / 1e9
        figures = {
            "seconds": round(seconds, 3),
            "answers": {status: count for status, count in fresh.answers.items() if count},
            "latency": fresh.latency,
            "latency_sum_ms": round(fresh.latency_ns / 1e6, 3),
        }
        message = f"{fresh.answers.total()} answers in {seconds:.0f} s, in figures"
        predictions = self._predictions()
        features = self._features()
        lines: list[str] = []
        while predictions or features or not lines:
            members = self._line_members(instance, bundle, len(lines)) | figures
            event = {"severity": "INFO", "message": message, MONITORING_MEMBER: members}
            _fill(event, members, predictions, features)
            lines.append(_dumped(event) + "\n")
            figures = {"seconds": 0, "answers": {}, "latency_sum_ms": 0}
            figures["latency"] = [0] * len(fresh.latency)
            message = "further figures of the line before"
        self._lines += len(lines)
        self._told.add(fresh)
        self._fresh, self._told_ns = self._nothing(), now
        return lines

    def _predictions(self) -> list[tuple[str, int]]:
        """Predictions by class; of a regression by bin, whose names sort as their numbers do."""
        target = self.card.target
        if target is None:
            return list(zip(self.card.classes, self._fresh.classes, strict=True))
        under = [f"up to {edge:g}" for edge in target.edges]
        over = f"over {target.edges[-1]:g}" if target.edges else "any"
        names = [f"{place:02} {text}" for place, text in enumerate([*under, over], start=1)]
        return list(zip(names, in_bins(self._fresh.values[-1]), strict=True))

    def _line_members(self, instance: str, bundle: str, number: int) -> dict[str, Any]:
        return {
            "format": MONITORING_FORMAT,
            "instance": instance,
            "line": self._lines + number + 1,
            "bundle": bundle,
            "model": self.card.name,
            "model_version": self.card.version,
            "latency_bounds_ms": LATENCY_BOUNDS_MS,
            "window": self.window(),
        }

    def _features(self) -> list[dict[str, Any]]:
        told = zip(self.card.observed, self._fresh.values, self.drift(), strict=True)
        return [
            {
                "name": feature.name,
                "counts": counts,
                "shares": feature.shares,
                **({"missing": True} if feature.missing else {}),
                "psi": None if drift is None else round(drift, 4),
            }
            for feature, counts, drift in list(told)[:MOST_FEATURES_LOGGED]
        ]

    def _histograms(self, rows: Iterable[Sequence[float]]) -> list[list[int]]:
        columns = zip(*rows, strict=True)
        return [_bins(*pair) for pair in zip(self.card.observed, columns, strict=True)]

    def _nothing(self) -> Counts:
        values = [
            [0] * (len(feature.edges) + 3 + feature.missing) for feature in self.card.observed
        ]
        latency = [0] * (len(LATENCY_BOUNDS_MS) + 1)
        return Counts(values, latency, [0] * len(self.card.classes))


def _dumped(event: Mapping[str, Any]) -> str:
    return json.dumps(event, separators=(",", ":"))


def _fill(
    event: Mapping[str, Any],
    members: dict[str, Any],
    predictions: list[tuple[str, int]],
    features: list[dict[str, Any]],
) -> None:
    """Move to the line as many figures as it has room for, and one if none fits."""
    members["predictions"], members["features"] = {}, []
    room = MOST_LINE_BYTES - 1 - len(_dumped(event))
    moved = False
    while predictions or features:
        size = len(_dumped(dict(predictions[:1]) if predictions else features[0])) + 1
        if moved and size > room:
            return
        if predictions:
            name, count = predictions.pop(0)
            members["predictions"][name] = count
        else:
            members["features"].append(features.pop(0))
        room -= size
        moved = True


def _bins(feature: Feature, column: Iterable[float]) -> list[int]:
    """How many values lie below the range, in each bin, and above; then how many are gaps."""
    values = list(column)
    gaps = []
    if feature.missing:
        rows = len(values)
        values = [value for value in values if value == value]  # noqa: PLR0124 - NaN is a gap
        gaps = [rows - len(values)]
    # To sort first takes half as long as to look each value's place up.
    ordered = sorted(values)
    below = bisect_left(ordered, feature.minimum)
    ends = [bisect_right(ordered, edge) for edge in (*feature.edges, feature.maximum)]
    return [*_differences([below, *ends, len(ordered)]), *gaps]


def _differences(cumulative: Sequence[int]) -> list[int]:
    return [count - before for count, before in zip(cumulative, [0, *cumulative], strict=False)]


def _plus(counts: Sequence[int], other: Sequence[int]) -> list[int]:
    return [a + b for a, b in zip(counts, other, strict=True)]
