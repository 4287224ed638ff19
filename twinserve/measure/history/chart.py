"""A figure over time, as SVG whose every point is a link that tells what it is."""

from collections.abc import Sequence
from html import escape

from twinserve.measure.history.document import SHORT, Measurement
from twinserve.measure.history.series import LevelChange, Point, Series, Track
from twinserve.measure.pages import svg
from twinserve.measure.pages.render import readable_time
from twinserve.measure.pages.svg import LEFT, RIGHT, WIDTH, Scale
from twinserve.measure.pages.text import interval, milliseconds, number

TOP, BOTTOM, AXIS = 80, 268, 30
# A budget further off than this many times the highest point would leave the points flat.
FAR = 2.0


def chart(track: Track, measurements: Sequence[Measurement], first: int, anchor: str) -> str:
    """The measurements from ``first`` on; ``anchor`` begins the id of each measurement's row."""
    shown = [
        Series(
            series.target,
            tuple(point for point in series.points if point.position >= first),
            tuple(change for change in series.changes if change.position >= first),
        )
        for series in track.series
    ]
    highest = max(
        (
            max(point.estimate.high, point.estimate.value)
            for series in shown
            for point in series.points
        ),
        default=1.0,
    )
    budget = track.budget_ms
    near = budget is not None and budget <= FAR * highest
    y = Scale(0, max(highest, budget if near and budget else 0) * 1.08, BOTTOM, TOP)
    x = Scale(first - 0.5, len(measurements) - 0.5, LEFT + 40, WIDTH - RIGHT)
    shapes = [svg.text(0, 14, track.figure.title, style="name")]
    shapes += [*_axes(x, y, measurements, first), *_budget(x, y, budget, near=near)]
    for series in shown:
        shapes += [_mark(x, change, shown) for change in series.changes]
    for row, series in enumerate(shown):
        line = [(x(point.position), y(point.estimate.value)) for point in series.points]
        shapes.append(svg.path(line, f"thin curve s{row % 6}"))
    for row, series in enumerate(shown):
        for point in series.points:
            about = measurements[point.position]
            shapes.append(_point(x, y, point, series.target, row, about, f"{anchor}{about.name}"))
    description = escape(f"{track.figure.title} over time, in milliseconds. Each point is a link.")
    return (
        f'<svg viewBox="0 0 {WIDTH} {BOTTOM + AXIS}" role="group" aria-label="{description}">'
        f"{''.join(shapes)}</svg>"
    )


def _axes(x: Scale, y: Scale, measurements: Sequence[Measurement], first: int) -> list[str]:
    shapes = [svg.line(x.start, BOTTOM, x.end, BOTTOM, "axis")]
    for tick in svg.ticks(0, y.high, 4):
        label = f"{number(tick)} ms" if tick else "0"
        shapes += [
            svg.line(x.start, y(tick), x.end, y(tick), "grid"),
            svg.text(x.start - 6, y(tick) + 4, label, anchor="end", style="soft"),
        ]
    last = len(measurements) - 1
    ends = (
        [(first, "start", x.start), (last, "end", x.end)]
        if last > first
        else [(last, "end", x.end)]
    )
    for position, anchor, at in ends:
        day = readable_time(measurements[position].taken_at).partition(",")[0]
        shapes.append(svg.text(at, BOTTOM + 19, day, anchor=anchor, style="soft"))
    return shapes


def _budget(x: Scale, y: Scale, budget: float | None, *, near: bool) -> list[str]:
    if budget is None:
        return []
    at = y(budget) if near else TOP - 8
    far = "" if near else ", above what is drawn"
    label = f"budget {milliseconds(budget)}{far}"
    return [
        svg.line(x.start, at, x.end, at, "budget"),
        svg.text(x.end, at - 5, label, anchor="end", style="soft"),
    ]


def _mark(x: Scale, change: LevelChange, shown: Sequence[Series]) -> str:
    """An upright line before the first measurement at a new level, and by how much it differs."""
    at = x(change.position - 0.5)
    row = [series.target for series in shown].index(change.target)
    kind = "worse" if change.is_regression else "better"
    right = at > WIDTH - 70
    label = f"{change.ratio - 1:+.0%} {change.target}"
    return svg.line(at, TOP, at, BOTTOM, f"change {kind}") + svg.text(
        at + (-4 if right else 4),
        TOP + 12 + 14 * row,
        label,
        anchor="end" if right else "start",
        style=kind,
    )


def _point(
    x: Scale, y: Scale, point: Point, target: str, row: int, about: Measurement, anchor: str
) -> str:
    at, estimate = x(point.position), point.estimate
    figures = next(candidate for candidate in about.targets if candidate.name == target)
    value, bundle = milliseconds(estimate.value), (figures.bundle or "none")[:SHORT]
    image = (figures.image or "none").removeprefix("sha256:")[:SHORT]
    lines = (
        f"{target} {value} ({interval(estimate)}), {readable_time(about.taken_at)}",
        f"{about.model} {about.version}, commit {about.commit[:SHORT]}",
        f"bundle {bundle}, image {image}",
    )
    shapes = (
        svg.line(at, y(estimate.low), at, y(estimate.high), f"mark s{row % 6}"),
        svg.dot(at, y(estimate.value), 3.5, f"dot s{row % 6}"),
        # To be hit with a finger, or a pointer that shakes.
        svg.dot(at, y(estimate.value), 8, "reach"),
        '<g class="tip">',
        svg.box(0, 0, WIDTH, 52, "paper"),
        *(svg.text(0, 14 + 16 * number, line) for number, line in enumerate(lines)),
        "</g>",
    )
    name = escape("; ".join(lines))
    return f'<a href="#{anchor}" class="point" aria-label="{name}">{"".join(shapes)}</a>'
