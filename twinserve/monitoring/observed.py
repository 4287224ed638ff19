"""The figures that a target's instances have logged, added up."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinserve.config.drift import in_bins, stability_index
from twinserve.config.errors import UserError

SERVER_ERROR = 500


@dataclass(frozen=True, slots=True)
class FeatureSeen:
    """A feature's values, below its range, in each of its bins, and above; and the table's.

    Of a feature that may be ``missing``, both end with its gaps.
    """

    name: str
    counts: tuple[int, ...]
    shares: tuple[float, ...]
    missing: bool = False

    @property
    def values(self) -> int:
        """How many."""
        return sum(self.counts)

    @property
    def out_of_range(self) -> float:
        """The share that the table's range does not hold."""
        above = self.counts[-2 if self.missing else -1]
        return (self.counts[0] + above) / self.values if self.values else 0.0

    @property
    def psi(self) -> float:
        """The population stability index of all of them."""
        return stability_index(in_bins(self.counts, missing=self.missing), self.shares)


@dataclass(frozen=True, slots=True)
class Observed:
    """A target.

    Attributes:
        cut: there were more lines than were read; the oldest are left out.
        version: of the model that answered last; predictions and features are of its bundle only,
            since another's bins do not compare.
        answers: by status.
        bounds_ms: of the buckets of ``latency``, which has one more for what was slower.
    """

    target: str
    lines: int
    cut: bool
    instances: int
    version: str
    bundle: str
    answers: Mapping[int, int]
    bounds_ms: tuple[float, ...]
    latency: tuple[int, ...]
    predictions: Mapping[str, int]
    features: tuple[FeatureSeen, ...]

    @property
    def answered(self) -> int:
        return sum(self.answers.values())

    @property
    def error_rate(self) -> float:
        """The share of them with a status of 5xx."""
        errors = sum(n for status, n in self.answers.items() if status >= SERVER_ERROR)
        return errors / self.answered if self.answered else 0.0

    def latency_ms(self, percentile: float) -> float:
        """About that percentile, as Prometheus works it out: evenly spread within a bucket.

        What is slower than the last bound counts as that bound.
        """
        rank, under = sum(self.latency) * percentile / 100, 0
        lower = 0.0
        for bound, count in zip(self.bounds_ms, self.latency, strict=False):
            if count and under + count >= rank:
                return lower + (bound - lower) * (rank - under) / count
            lower, under = bound, under + count
        return lower


def add_up(target: str, lines: Sequence[Mapping[str, Any]], most: int) -> Observed:
    """The sum of lines, the newest first, of which no more than ``most`` were asked for.

    Raises:
        UserError: a line is not what an instance writes.
    """
    try:
        return _add_up(target, lines, most)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{target}: a log entry is not as its instances write them ({error!r}); does something "
            "else log there?"
        ) from None


def _add_up(target: str, lines: Sequence[Mapping[str, Any]], most: int) -> Observed:
    newest = lines[0] if lines else None
    bounds = tuple(map(float, newest["latency_bounds_ms"])) if newest else ()
    answers: Counter[int] = Counter()
    latency = [0] * (len(bounds) + 1)
    for line in lines:
        answers.update({int(status): int(count) for status, count in line["answers"].items()})
        if tuple(map(float, line["latency_bounds_ms"])) == bounds:
            latency = _sum(latency, line["latency"])
    same = [line for line in lines if newest and line["bundle"] == newest["bundle"]]
    predictions: Counter[str] = Counter()
    for line in same:
        predictions.update({name: int(count) for name, count in line["predictions"].items()})
    return Observed(
        target=target,
        lines=len(lines),
        cut=len(lines) >= most,
        instances=len({line["instance"] for line in lines}),
        version=str(newest["model_version"]) if newest else "",
        bundle=str(newest["bundle"]) if newest else "",
        answers=dict(sorted(answers.items())),
        bounds_ms=bounds,
        latency=tuple(latency),
        predictions=dict(predictions),
        features=_features(same),
    )


def _features(lines: Sequence[Mapping[str, Any]]) -> tuple[FeatureSeen, ...]:
    counts: dict[str, list[int]] = {}
    shares: dict[str, tuple[float, ...]] = {}
    missing: set[str] = set()
    # A line holds as many features as it has room for.
    for line in lines:
        for feature in line["features"]:
            name, seen = str(feature["name"]), [int(count) for count in feature["counts"]]
            counts[name] = _sum(counts[name], seen) if name in counts else seen
            if feature.get("missing"):
                missing.add(name)
            shares.setdefault(name, tuple(map(float, feature["shares"])))
    return tuple(
        FeatureSeen(name, tuple(seen), shares[name], name in missing)
        for name, seen in counts.items()
    )


def _sum(left: Sequence[int], right: Sequence[Any]) -> list[int]:
    """Place by place; Cloud Logging keeps every number as a double."""
    return [a + int(b) for a, b in zip(left, right, strict=True)]
