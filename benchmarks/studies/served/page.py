"""The page of all cells, docs/served.md, and what its table says of one."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.studies.served.cells import RANDOM_ROWS, RUNTIMES, TASKS, Cell
from benchmarks.studies.served.families import FAMILIES
from benchmarks.studies.served.tables import KINDS, ROWS

PAGE = Path("docs/served.md")
WHY = "## Why not"
_WORDY = ("skl2onnx cannot", "ONNX Runtime cannot")
_NOWHERE, _NO_ESTIMATOR = "refused", ""
_INTRODUCTION = f"""\
# What is served how

Made by `twinserve bench served`, never by hand. In each cell a small estimator was fitted on a
table of {ROWS} rows with `estimator.preprocessing: auto`, then exported for each runtime by its
name, and proven equal to the estimator on the table, on {RANDOM_ROWS:,} random rows, at midpoints
and at thresholds. **Bold** is what `serving.runtime: auto` takes; the number is how far an answer
may be off ([compiled.md](compiled.md)). A runtime that is not in a cell has refused it while the
model was made, for the reason that stands at the end; no endpoint meets it.
"""


def page(cells: Iterable[Cell]) -> str:
    """The whole page."""
    found = {(cell.task, cell.family, cell.kind): cell for cell in cells}
    parts = [_INTRODUCTION]
    for task in TASKS:
        parts.append(f"\n## {task.capitalize()}\n\n{_line(['', *_heads()])}")
        parts.append(_line(["---"] * (1 + len(KINDS))))
        for family in FAMILIES:
            row = [found.get((task, family, kind)) for kind in KINDS]
            if any(row):
                parts.append(_line([family, *map(said, row)]))
    parts.append(
        f"\n{WHY}\n\n| runtime | tables | estimators | reason |\n| --- | --- | --- | --- |\n"
    )
    parts += [_line(row) for row in _reasons([*found.values()])]
    return "".join(parts)


def said(cell: Cell | None) -> str:
    """What the table says of a cell."""
    if cell is None:
        return _NO_ESTIMATOR
    taken = next((name for name in RUNTIMES if name in cell.served and name != "joblib"), "")
    listed = []
    for name, bar in cell.served.items():
        shown = f"**{name}**" if name == taken else name
        listed.append(shown if name == "joblib" else f"{shown} {_shown(bar)}")
    return ", ".join(listed) or _NOWHERE


def _shown(bar: float) -> str:
    return f"{bar:.0e}".replace("e-0", "e-") if bar else "0"


def written(text: str) -> Mapping[tuple[str, str, str], str]:
    """What a page says of each cell, by task, family and kind."""
    found: dict[tuple[str, str, str], str] = {}
    task = ""
    for line in text.splitlines():
        if line.startswith("## "):
            task = line.removeprefix("## ").lower()
        elif line.startswith("| ") and task in TASKS:
            family, *row = (cell.strip() for cell in line.strip("|").split("|"))
            if family in FAMILIES:
                found |= {(task, family, kind): cell for kind, cell in zip(KINDS, row, strict=True)}
    return found


def _heads() -> list[str]:
    return [kind.about for kind in KINDS.values()]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _reasons(cells: Sequence[Cell]) -> list[list[str]]:
    """Rows of runtime, kinds, families and reason; alike ones of both tasks are one."""
    where: dict[tuple[str, str, str], list[str]] = {}
    for cell in cells:
        for stage, line in cell.refused.items():
            kinds = where.setdefault((cell.family, stage, reason(stage, line)), [])
            if (about := KINDS[cell.kind].about) not in kinds:
                kinds.append(about)
    whose: dict[tuple[str, str, str], list[str]] = {}
    for (family, stage, why), kinds in where.items():
        whose.setdefault((stage, ", ".join(kinds), why), []).append(family)
    return [[stage, kinds, ", ".join(names), why] for (stage, kinds, why), names in whose.items()]


def reason(stage: str, line: str) -> str:
    """The part of a refusal that says why, without figures, which each machine has its own of."""
    if line.startswith("parity: "):
        return "answers otherwise than the estimator on a row"
    line = line.partition(f"{stage}: ")[2] or line
    for end in ("; serving.runtime:", "; to serve the estimator"):
        line = line.partition(end)[0]
    if line.startswith(_WORDY):
        # What a library says of itself stands in parentheses, at whatever length.
        line = line.partition(" (")[0]
    return line.replace("|", "\\|").strip()
