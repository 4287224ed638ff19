"""How far the rows that are new lie from the table that each model was made of, by feature."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.config.card import Feature
from twinserve.config.drift import stability_index
from twinserve.training.reading.cells import Value


@dataclass(frozen=True, slots=True)
class Drift:
    """The population stability index of a feature, as `monitor` takes it.

    Attributes:
        before: against the table of the model that serves.
        after: against the table that has the rows in it.
    """

    feature: str
    before: float
    after: float


def drift_of(
    rows: Sequence[Sequence[Value]], before: Sequence[Feature], after: Sequence[Feature]
) -> tuple[Drift, ...]:
    """Of encoded rows, by the references of both model cards; the largest first.

    A feature without bins (text, or a column that never varies) has none.
    """
    if not rows:
        return ()
    drifts = [
        Drift(old.name, *(_index([float(row[at]) for row in rows], side) for side in (old, new)))
        for at, (old, new) in enumerate(zip(before, after, strict=True))
        if old.edges and new.edges
    ]
    return tuple(sorted(drifts, key=lambda drift: -drift.before))


def _index(values: Sequence[float], feature: Feature) -> float:
    counts = [0] * len(feature.shares)
    for value in values:
        # Each edge belongs to the bin under it; gaps are the last.
        counts[-1 if math.isnan(value) else bisect_left(feature.edges, value)] += 1
    return stability_index(counts, feature.shares)
