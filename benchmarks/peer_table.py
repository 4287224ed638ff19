"""The targets beside the serving frameworks: one picture, one table, for page and terminal."""

from pathlib import Path

from rich.table import Table as TerminalTable

from benchmarks import frameworks
from benchmarks.compare import Comparison, VariantResult
from benchmarks.comparison_report import figures_table
from benchmarks.variants import FUNCTION, SERVICE
from twinserve.measure.pages import svg
from twinserve.measure.pages.publish import BENCHMARKS, as_markdown, publish, publish_picture
from twinserve.measure.pages.render import readable_time
from twinserve.measure.pages.svg import LEFT, RIGHT, WIDTH, Scale
from twinserve.measure.pages.text import number

COMMAND = "make peers"
# The columns' names where there is no room.
NARROW = ("cold, ms", "req/s", "PSS, MB", "p50, ms", "p99, ms", "disk, MB")
ROW = 21
HEAD = 24
NAMES = 106
GAP = 12
FIGURE = 46
# Of a bar, which the picture's style edges with its background.
THINNEST = 2.0
# Colours of the pages: this project, what bounds it, what others have.
OURS, BOUNDS, OTHERS = "s0", "s4", "s1"


def publish_peers(comparison: Comparison) -> None:
    """Put the table and the picture into docs/benchmarks.md.

    Raises:
        UserError: the marks are not there.
    """
    path = publish_picture("peers", picture(comparison))
    conditions = comparison.conditions
    where = f"{conditions.machine}, Python {conditions.machine.python}"
    others = {
        variant.name.partition(" ")[0]: variant.version
        for variant in comparison.variants
        if variant.version
    }
    versions = "".join(f", {name} {version}" for name, version in others.items())
    parts = (
        f"![This project beside serving frameworks]({Path(path).name})\n",
        as_markdown(figures_table(comparison)),
        f"Taken {readable_time(conditions.taken_at)} by `{COMMAND}` on {where}{versions}.\n",
    )
    publish(BENCHMARKS, "peers", "\n".join(parts))


def picture(comparison: Comparison) -> str:
    """A row each variant: its cold start and its throughput as bars, with their figures."""
    variants = comparison.variants
    width = (WIDTH - LEFT - RIGHT - NAMES - GAP) / 2
    starts = (LEFT + NAMES, LEFT + NAMES + width + GAP)
    cold = Scale(
        0, max(variant.cold_ms.value for variant in variants), starts[0], starts[0] + width - FIGURE
    )
    rate = Scale(
        0,
        max(variant.per_second.value for variant in variants),
        starts[1],
        starts[1] + width - FIGURE,
    )
    shapes = [
        svg.text(starts[0], 13, "cold start, ms", style="soft"),
        svg.text(starts[1], 13, f"requests/s, {comparison.connections} conn.", style="soft"),
    ]
    for place, variant in enumerate(variants):
        top = HEAD + place * ROW
        colour = _colour(variant.name)
        shapes.append(svg.text(LEFT, top + 12, variant.name, style="name"))
        for scale, value in ((cold, variant.cold_ms.value), (rate, variant.per_second.value)):
            # A hair's breadth is seen where the figure is too small for a bar.
            length = max(scale(value) - scale.start, THINNEST)
            shapes += [
                svg.box(scale.start, top, length, ROW - 6, f"part {colour}"),
                svg.text(scale.start + length + 4, top + 12, number(round(value)), style="soft"),
            ]
    return svg.picture(shapes, HEAD + ROW * len(variants), _spoken(variants))


def terminal_table(comparison: Comparison) -> TerminalTable:
    """All figures without their intervals, 80 columns wide."""
    figures = figures_table(comparison)
    shown = TerminalTable(title=figures.caption, title_justify="left", title_style="bold")
    for place, column in enumerate(("", *NARROW)):
        shown.add_column(column, justify="right" if place else "left", no_wrap=not place)
    for row in figures.rows:
        shown.add_row(row.label, *(cell.text for cell in row.cells))
    return shown


def _colour(name: str) -> str:
    if name in frameworks.NAMES:
        return OTHERS
    return OURS if name.partition(" ")[0] in {SERVICE, FUNCTION} else BOUNDS


def _spoken(variants: tuple[VariantResult, ...]) -> str:
    rows = (
        f"{variant.name} {number(round(variant.cold_ms.value))} ms, "
        f"{number(round(variant.per_second.value))}/s"
        for variant in variants
    )
    return f"Cold start and requests a second: {'; '.join(rows)}."
