"""Every forest under every runtime."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.variables import tool_environment
from twinserve.measure.machine.conditions import Conditions, begin_measurement

FOLDER = Path(".cache/large")
RUNTIMES = ("compiled", "onnx", "joblib")
TREES, DEPTHS = (100, 500, 2000), (6, 12, 20)
LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A forest under a runtime; ``fault`` says why there are no figures.

    Attributes:
        make_s: from the fitted forest to the artifact; for joblib, to read it.
        load_ms: to import the runtime and load the artifact.
        single_us: median of one row asked alone, each another row.
        batch_ms: median of 1,000 rows at once, with probabilities.
        memory_bytes: proportional set size of the process that was asked.
    """

    trees: int
    depth: int
    runtime: str
    fault: str = ""
    nodes: int = 0
    source_bytes: int = 0
    make_s: float = 0.0
    bytes: int = 0
    load_ms: float = 0.0
    single_us: float = 0.0
    batch_ms: float = 0.0
    memory_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Grid:
    """A run of the study."""

    conditions: Conditions
    max_source_mb: int
    cells: tuple[Cell, ...]


def run_grid(
    trees: Sequence[int],
    depths: Sequence[int],
    max_source_mb: int,
    on_cell: Callable[[Cell], None] = lambda _: None,
) -> Grid:
    """Make and ask each in turn; what one runtime cannot have is a cell with a fault."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    end = begin_measurement()
    cells = []
    for forest in ((number, depth) for number in trees for depth in depths):
        for runtime in RUNTIMES:
            cells.append(_cell(*forest, runtime, max_source_mb))
            on_cell(cells[-1])
        for left in FOLDER.glob(f"{forest[0]}x{forest[1]}.*"):
            left.unlink()
    return Grid(end(), max_source_mb, tuple(cells))


def _cell(trees: int, depth: int, runtime: str, max_source_mb: int) -> Cell:
    figures: dict[str, float] = {}
    for step in ("make", "ask"):
        command = [sys.executable, "-m", "benchmarks.studies.large.subject", step]
        command += [str(trees), str(depth), runtime, str(FOLDER), str(max_source_mb)]
        try:
            done = subprocess.run(
                command,
                env=tool_environment(),
                capture_output=True,
                text=True,
                check=False,
                timeout=LIMIT_S,
            )
        except subprocess.TimeoutExpired:
            return Cell(trees, depth, runtime, f"{step}: not done in {LIMIT_S:,.0f} s")
        if done.returncode:
            lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
            return Cell(trees, depth, runtime, lines[-1].rpartition("Error: ")[2])
        figures |= json.loads(done.stdout)
    return Cell(trees, depth, runtime, **figures)  # type: ignore[arg-type]
