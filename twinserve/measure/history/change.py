"""Where a series changed and stayed changed: ranks, windows, permutations.

At each place the mean rank before it is compared with the one after it, over the whole series and
over windows of half of it, a quarter and so on, so that a rise that was taken back later is not
hidden by the level around it. The place where they differ most is a change if hardly any of the
series' permutations differs as much anywhere, in any window; so chance alone is a change in one
series of a hundred, however many places are looked at. What lies before and after is searched
likewise; last, each change is put where the medians on both sides leave the least absolute
deviation. Ranks make one slow run, however slow, no change.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from twinserve.measure.statistics import SEED, Floats

# A level is known by so many measurements at the least: a change shows that much later.
LEAST = 5
PERMUTATIONS = 499
SIGNIFICANCE = 0.01
# A smaller change of the median is left to its interval.
SMALLEST = 0.05


def change_points(values: Sequence[float]) -> tuple[int, ...]:
    """The first position of each level but the first."""
    series = np.asarray(values, dtype=np.float64)
    bounds = [0, *sorted(_search(series, 0)), len(series)]
    for place in range(1, len(bounds) - 1):
        start, end = bounds[place - 1], bounds[place + 1]
        bounds[place] = start + _parting(np.log(series[start:end]))
    return tuple(bounds[1:-1])


def _parting(levels: Floats) -> int:
    """The place of one change that is known to be there."""

    def deviation(place: int) -> float:
        return sum(float(np.abs(p - np.median(p)).sum()) for p in np.split(levels, [place]))

    return min(range(LEAST, len(levels) - LEAST + 1), key=deviation)


def _search(series: Floats, offset: int) -> list[int]:
    place = _place_of_change(series)
    if place is None:
        return []
    before, after = series[:place], series[place:]
    return [*_search(before, offset), offset + place, *_search(after, offset + place)]


def _place_of_change(series: Floats) -> int | None:
    if len(series) < 2 * LEAST or np.ptp(series) == 0:
        return None
    ranks = _ranks(series)
    # Of every row the first is the series itself.
    rows = np.concatenate([ranks, _shuffled(ranks)])
    most, best, place = np.zeros(len(rows)), 0.0, 0
    for start, end in _windows(len(series)):
        differences = _differences(rows[:, start:end])
        most = np.maximum(most, differences.max(axis=1))
        if most[0] > best:
            best, place = float(most[0]), start + LEAST + int(np.argmax(differences[0]))
    if np.mean(most >= best) > SIGNIFICANCE:
        return None
    ratio = np.median(series[place:]) / np.median(series[:place])
    return place if abs(np.log(ratio)) >= np.log(1 + SMALLEST) else None


def _windows(length: int) -> Iterator[tuple[int, int]]:
    """The whole, then halves that overlap by half, quarters, as far as two levels fit in."""
    size = length
    while size >= 2 * LEAST:
        starts = range(0, length - size + 1, max(size // 2, 1))
        yield from ((start, start + size) for start in dict.fromkeys([*starts, length - size]))
        size //= 2


def _ranks(series: Floats) -> Floats:
    """From -1 to 1, in a row of one."""
    from scipy.stats import rankdata

    ranks = rankdata(series)[np.newaxis, :]
    return np.asarray(2 * (ranks - 1) / max(ranks.shape[1] - 1, 1) - 1)


def _shuffled(ranks: Floats) -> Floats:
    rng = np.random.default_rng(SEED)
    return rng.permuted(np.tile(ranks, (PERMUTATIONS, 1)), axis=1)


def _differences(ranks: Floats) -> Floats:
    """The standardized difference of each row at each place that leaves enough on either side."""
    length = ranks.shape[1]
    places = np.arange(LEAST, length - LEAST + 1)
    sums = np.cumsum(ranks, axis=1)
    before = sums[:, places - 1] / places
    after = (sums[:, -1:] - sums[:, places - 1]) / (length - places)
    return np.asarray(np.abs(before - after) * np.sqrt(places * (length - places) / length))
