"""Small drawings of the page: SVG without styles of its own, which the page's policy refuses."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from twinserve.config.card import Feature

WIDTH, HEIGHT = 200, 28
# Of a range, the least width that a bin is drawn with: several edges may be one value.
_THINNEST = 0.03
_BARS = 24
_POINTS = 400
_SIDE = 200


def spread(feature: Feature) -> str:
    """How a column's values spread in the table, with a mark that the script moves."""
    extent = feature.maximum - feature.minimum
    if not feature.edges or not extent > 0:
        return ""
    ends = [
        (limit - feature.minimum) / extent
        for limit in (feature.minimum, *feature.edges, feature.maximum)
    ]
    bins = [(left, max(right, left + _THINNEST)) for left, right in pairwise(ends)]
    heights = [
        share / (right - left) for share, (left, right) in zip(feature.shares, bins, strict=False)
    ]
    top = max(heights) or 1.0
    path = f"M0 {HEIGHT}" + "".join(
        f"H{left * WIDTH:.0f}V{HEIGHT - height / top * (HEIGHT - 2):.0f}H{right * WIDTH:.0f}"
        for height, (left, right) in zip(heights, bins, strict=True)
    )
    return (
        f'<svg class="spread" viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" '
        f'aria-hidden="true"><path d="{path}V{HEIGHT}z"/>'
        f'<line class="mark" y1="0" y2="{HEIGHT}" x1="-9" x2="-9"/></svg>'
    )


def bar(share: float) -> str:
    """A bar as long as a share of the whole."""
    length = max(0.0, min(1.0, share)) * 100
    return (
        '<svg class="bar" viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{length:.1f}" height="8"/></svg>'
    )


def histogram(values: Sequence[float], label: str) -> str:
    """How often residuals are how large, around 0."""
    reach = max(map(abs, values), default=0.0) or 1.0
    counts = [0] * _BARS
    for value in values:
        counts[min(_BARS - 1, int((value / reach + 1) / 2 * _BARS))] += 1
    top = max(counts) or 1
    width = _SIDE * 2 / _BARS
    bars = "".join(
        f'<rect x="{place * width:.1f}" y="{100 - count / top * 96:.1f}" '
        f'width="{width - 1:.1f}" height="{count / top * 96:.1f}"/>'
        for place, count in enumerate(counts)
        if count
    )
    return (
        f'<svg class="plot" viewBox="0 0 400 104" role="img" aria-label="{label}">'
        f'{bars}<line class="axis" x1="0" x2="400" y1="100.5" y2="100.5"/>'
        '<line class="mark" x1="200" x2="200" y1="0" y2="104"/></svg>'
    )


def scatter(pairs: Sequence[tuple[float, float]], label: str) -> str:
    """Predicted over actual values, evenly thinned out if they are many; on the line both agree."""
    step = -(-len(pairs) // _POINTS)
    shown = sorted(pairs)[:: step or 1]
    ends = [end for pair in shown for end in pair]
    low, extent = min(ends, default=0.0), (max(ends, default=1.0) - min(ends, default=0.0)) or 1.0
    points = "".join(
        f"M{_along(actual, low, extent):.0f} {_SIDE - _along(predicted, low, extent):.0f}h0"
        for actual, predicted in shown
    )
    return (
        f'<svg class="plot" viewBox="-4 -4 {_SIDE + 8} {_SIDE + 8}" role="img" '
        f'aria-label="{label}"><line class="axis" x1="0" y1="{_SIDE}" x2="{_SIDE}" y2="0"/>'
        f'<path class="points" d="{points}"/></svg>'
    )


def levels(counts: Iterable[Iterable[int]]) -> list[list[int]]:
    """For each count of a table how dark its cell is, from 0 to 9, each row by itself."""
    shaded = []
    for row in map(list, counts):
        whole = sum(row) or 1
        shaded.append([-(-count * 9 // whole) for count in row])
    return shaded


def _along(value: float, low: float, extent: float) -> float:
    return (value - low) / extent * _SIDE
