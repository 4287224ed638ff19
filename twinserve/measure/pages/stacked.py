"""Cold starts as stacked bars, with legend and words: the same colours on every page."""

from collections.abc import Sequence

from twinserve.measure.cold.anatomy import PARTS
from twinserve.measure.pages import plots
from twinserve.measure.pages.plots import Stack
from twinserve.measure.pages.render import Legend, legend
from twinserve.measure.pages.text import milliseconds


def part_names(bars: Sequence[Stack]) -> list[str]:
    """Every part of every bar, in the order in which they are shown."""
    names = {part.name for bar in bars for part in bar.parts}
    return [name for name in _order(bars) if name in names]


def part_legend(bars: Sequence[Stack]) -> tuple[Legend, ...]:
    """The colour of each part that is there."""
    order, names = _order(bars), part_names(bars)
    entries = legend([PARTS.get(name, name) for name in order], "p")
    return tuple(entry for name, entry in zip(order, entries, strict=True) if name in names)


def draw(bars: Sequence[Stack], title: str) -> str:
    """The bars; who cannot see them is told every figure."""
    return plots.stacks(bars, _order(bars), f"{title} {'; '.join(map(_spoken, bars))}.")


def short_name(part: str) -> str:
    """The phase's short name, where there is little room."""
    return PARTS.get(part, part).partition(",")[0].partition(":")[0]


def _order(bars: Sequence[Stack]) -> list[str]:
    """The known parts first, so that each has its colour wherever it is shown."""
    unknown = {part.name for bar in bars for part in bar.parts} - PARTS.keys()
    return [*PARTS, *sorted(unknown)]


def _spoken(bar: Stack) -> str:
    if not bar.parts:
        return f"{bar.name}: {bar.absence}"
    parts = ", ".join(f"{short_name(part.name)} {milliseconds(part.ms)}" for part in bar.parts)
    return f"{bar.name} {milliseconds(bar.total)}: {parts}"
