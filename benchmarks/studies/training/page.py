"""The bounds as a table and a paragraph."""

from pathlib import Path

from benchmarks.studies.training.stages import STAGES, Bounds
from twinserve.measure.pages.files import write_json
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table, readable_time
from twinserve.measure.pages.text import TIMES, interval, megabytes, ratio
from twinserve.measure.statistics import Estimate, estimate

MOST_MADE, MOST_JUDGED, MOST_BYTES = 1.5, 1.2, 1e9


def holds(bounds: Bounds) -> bool:
    """Whether each of the three is kept; memory that the system does not tell breaks nothing."""
    return (
        bounds.made.value <= MOST_MADE
        and bounds.judged.value <= MOST_JUDGED
        and (bounds.memory_bytes or 0) < MOST_BYTES
    )


def write_bounds(bounds: Bounds, directory: Path) -> Path:
    """Write ``training.json``; its path."""
    return write_json(directory, "training", bounds)


def markdown(bounds: Bounds) -> str:
    """What holds, what each stage takes, and where and when it was taken."""
    size, conditions = bounds.size, bounds.conditions
    fits = estimate([measured.fit_s for measured in bounds.rounds])
    runs = len(bounds.rounds)
    verdict = "holds" if holds(bounds) else "is broken"
    return (
        f"RandomForest({size.trees}) on a drawn table of {size.rows:,} {TIMES} {size.features}, "
        f"all cores on both sides, {runs} {'round' if runs == 1 else 'rounds'} in turns, medians "
        f"and 95% intervals: the bare fit of the whole table takes {_seconds(fits)}. "
        f"Prepare, train and export take {_times(bounds.made)} that, at most {MOST_MADE}{TIMES} "
        f"(train fits the rows that are not held out; beside their bare fit alone it is "
        f"{_times(bounds.made_of_part)}); "
        f"evaluate takes {_times(bounds.judged)} the fits of its {bounds.folds} folds, at most "
        f"{MOST_JUDGED}{TIMES}; export, its compiler and the proof of parity on "
        f"{bounds.parity_rows:,} rows ({bounds.runtime}) hold at most "
        f"{megabytes(bounds.memory_bytes)}, under {MOST_BYTES / 1e6:,.0f} MB: **{verdict}**.\n\n"
        f"{as_markdown(stage_table(bounds))}\nTaken {readable_time(conditions.taken_at)} on "
        f"{conditions.machine}; load average {conditions.load}.\n"
    )


def stage_table(bounds: Bounds) -> Table:
    """Time and memory of each stage."""
    rows = []
    for name in STAGES:
        runs = [measured.stages[name] for measured in bounds.rounds]
        sizes = [run.memory_bytes for run in runs if run.memory_bytes is not None]
        most = max(sizes) if sizes else None
        time = _seconds(estimate([run.wall_s for run in runs]))
        rows.append(Row(name, (Cell(time), Cell(megabytes(most)))))
    return Table("Of each stage, Python's start included", ("stage", "time", "memory"), tuple(rows))


def _seconds(found: Estimate) -> str:
    return f"{found.value:.1f} s ({interval(found)})"


def _times(found: Estimate) -> str:
    return f"{ratio(found.value)} ({interval(found)})"
