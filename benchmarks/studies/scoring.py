"""A file of rows scored by the command that a user gives: how fast, in how much, and doing what."""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.card import Card, Feature
from twinserve.config.errors import UserError
from twinserve.config.variables import tool_environment
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table
from twinserve.measure.pages.text import megabytes, per_second

SEED = 42
SAMPLE_S = 0.05
# What stages do, in the order in which a row meets them.
STAGES = {
    "open": "open the bundle, read the header",
    "read": "read the file, cut it into blocks",
    "parse": "cells from lines (Python's `csv`)",
    "check": "numbers from cells, held to the contract",
    "predict": "the model",
    "steps and predict": "the user's steps and the model",
    "format": "results behind the lines",
    "write": "write the result",
}


@dataclass(frozen=True, slots=True)
class Round:
    """A run of the command.

    Attributes:
        wall_s: from its start to its end, Python's own start included.
        stages: processor time, summed over processes.
        memory_bytes: the most that it and its processes held at once; None where that is not told.
    """

    wall_s: float
    stages: Mapping[str, float]
    memory_bytes: int | None
    processes: int


@dataclass(frozen=True, slots=True)
class Figures:
    """All rounds over one file."""

    conditions: Conditions
    rows: int
    model: str
    rounds: tuple[Round, ...]

    @property
    def middle(self) -> Round:
        """The round with the median time."""
        return sorted(self.rounds, key=lambda figures: figures.wall_s)[len(self.rounds) // 2]


def run_scoring(rows: int, rounds: int, say: Callable[[str], object]) -> Figures:
    """Score a file of drawn rows, several times.

    Raises:
        UserError: there is no bundle, its rows cannot be drawn, or the command fails.
    """
    card = bundled_card()
    if card.steps:
        raise UserError("rows that custom/steps.py takes cannot be drawn; measure without it")
    end = begin_measurement()
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "rows.csv")
        with source.open("w", encoding="utf-8") as file:
            file.writelines(drawn(card, rows))
        measured = []
        for number in range(rounds):
            measured.append(_measured(source, Path(folder, "results.csv")))
            last = measured[-1]
            memory = megabytes(last.memory_bytes)
            say(f"round {number + 1}/{rounds}  {last.wall_s:.2f} s  {memory}")
    return Figures(end(), rows, f"{card.name} {card.version}, {card.runtime}", tuple(measured))


def drawn(card: Card, rows: int) -> Iterator[str]:
    """Lines of CSV: a header, and rows within the ranges of the card's features."""
    draw = random.Random(SEED)  # noqa: S311 - rows, not a secret
    yield ",".join(feature.name for feature in card.features) + "\n"
    for _ in range(rows):
        yield ",".join(_cell(draw, feature) for feature in card.features) + "\n"


def _cell(draw: random.Random, feature: Feature) -> str:
    match feature.type:
        case "number":
            return f"{draw.uniform(feature.minimum, feature.maximum):.1f}"
        case "category":
            return json.dumps(draw.choice(feature.values), ensure_ascii=False)
        case "boolean":
            return draw.choice(("true", "false"))
    return "text"


def _measured(source: Path, target: Path) -> Round:
    command = [sys.executable, "-m", "twinserve", "score", str(source), str(target), "--json"]
    began = time.monotonic()
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, env=tool_environment()
        )
        most: int | None = None
        while process.poll() is None:
            most = max(most or 0, tree_pss_bytes(process.pid) or 0) or None
            time.sleep(SAMPLE_S)
        wall_s = time.monotonic() - began
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        told = process.stdout.read()
        if process.returncode:
            errors.seek(0)
            why = errors.read().decode(errors="replace").strip().splitlines()
            raise UserError(f"twinserve score: {(why or ['it failed'])[-1]}")
    summary = json.loads(told)
    return Round(wall_s, summary["stages"], most, summary["processes"])


def markdown(figures: Figures) -> str:
    """Time, memory, and what the time goes to, for a page."""
    middle, machine = figures.middle, figures.conditions.machine
    walls = sorted(each.wall_s for each in figures.rounds)
    rate = per_second(figures.rows / middle.wall_s)
    spread = f"{walls[0]:.2f} to {walls[-1]:.2f} in {len(walls)} runs, Python's start included"
    memory = f"{megabytes(middle.memory_bytes)} in {middle.processes} processes and their parent"
    head = (
        f"{figures.rows:,} rows of {figures.model}, CSV to CSV, on {machine}, "
        f"{figures.conditions.taken_at[:10]}: **{middle.wall_s:.2f} s** ({spread}), {rate}, "
        f"{memory}; load {figures.conditions.load}.\n\n"
    )
    return head + as_markdown(stage_table(figures))


def stage_table(figures: Figures) -> Table:
    """Processor time by stage."""
    stages = figures.middle.stages
    total = sum(stages.values())
    rows = tuple(
        Row(
            f"`{name}`: {meaning}",
            (Cell(f"{stages[name]:.2f} s"), Cell(f"{stages[name] / total:.0%}")),
        )
        for name, meaning in STAGES.items()
        if name in stages
    )
    return Table("Processor time of all processes", ("stage", "time", "share"), rows)
