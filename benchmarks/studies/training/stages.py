"""Stages and bare fits in turns, each in a process of its own, with their time and memory."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sklearn.datasets import make_classification

import benchmarks
from benchmarks.studies.training.fit import LABELS, ROWS, SEED
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.config.variables import tool_environment
from twinserve.config.yaml_file import read_yaml
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.pages.text import megabytes
from twinserve.measure.statistics import Estimate, paired_ratio
from twinserve.training.paths import TEST_PATH, TRAIN_PATH

MAKING = ("prepare", "train", "export")
STAGES = ("prepare", "train", "evaluate", "export")
# What is fitted is a model once it is accepted; alone that is over before its memory is looked at.
ACCEPTED = {"train": ("train", "accept")}
FOREST = "sklearn.ensemble.RandomForestClassifier"
TABLE, LABEL = Path("data/drawn.csv"), "kind"
FEATURES, TELLING, CLASSES = 20, 10, 3
SAMPLE_S = 0.2


@dataclass(frozen=True, slots=True)
class Size:
    """Of the table and of the forest that is fitted to it."""

    rows: int
    features: int
    trees: int


@dataclass(frozen=True, slots=True)
class Run:
    """A process: from its start to its end, and the most that it and its children held at once.

    Attributes:
        memory_bytes: None where the system does not tell.
    """

    wall_s: float
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class Round:
    """The bare fits, and every stage.

    Attributes:
        fit_s: of all rows of the table.
        part_s: of those alone that are not held out, as ``train`` fits them.
    """

    fit_s: float
    part_s: float
    stages: dict[str, Run]


@dataclass(frozen=True, slots=True)
class Bounds:
    """All rounds.

    Attributes:
        folds: of the cross-validation.
        runtime: that serves the forest.
    """

    conditions: Conditions
    size: Size
    folds: int
    runtime: str
    parity_rows: int
    rounds: tuple[Round, ...]

    @property
    def made(self) -> Estimate:
        """Time to prepare, train and export over the bare fit's."""
        return paired_ratio(self._making, [measured.fit_s for measured in self.rounds])

    @property
    def made_of_part(self) -> Estimate:
        """Likewise over the bare fit of the rows that are trained on."""
        return paired_ratio(self._making, [measured.part_s for measured in self.rounds])

    @property
    def judged(self) -> Estimate:
        """Time to evaluate over that of a bare fit of each fold's rows, as many as trained on."""
        return paired_ratio(
            [measured.stages["evaluate"].wall_s for measured in self.rounds],
            [self.folds * measured.part_s for measured in self.rounds],
        )

    @property
    def _making(self) -> list[float]:
        stages = [[measured.stages[name].wall_s for name in MAKING] for measured in self.rounds]
        return list(map(sum, stages))

    @property
    def memory_bytes(self) -> int | None:
        """The most that the export held, with its proof of parity and its compiler."""
        sizes = [measured.stages["export"].memory_bytes for measured in self.rounds]
        return None if None in sizes else max(size or 0 for size in sizes)


def measure_stages(size: Size, rounds: int, say: Callable[[str], object]) -> Bounds:
    """Run all of it in a project of its own.

    Raises:
        UserError: a stage or a fit fails.
    """
    end = begin_measurement()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folds = _write_project(folder, size)
        measured = []
        for number in range(rounds):
            measured.append(_round(folder, size))
            say(f"round {number + 1}/{rounds}  {_said(measured[-1])}")
        card = load_card(folder / "models/model.json")
    parity = card.parity
    asked = sum(
        (parity.table_rows, parity.random_rows, parity.midpoint_rows, parity.threshold_rows)
    )
    return Bounds(end(), size, folds, card.runtime, asked, tuple(measured))


def _said(one: Round) -> str:
    stages = ", ".join(
        f"{name} {run.wall_s:.1f} s and {megabytes(run.memory_bytes)}"
        for name, run in one.stages.items()
    )
    return f"bare fit {one.fit_s:.1f} s; {stages}"


def _write_project(folder: Path, size: Size) -> int:
    """The table, and params.yaml with no gate that could end it; the number of folds."""
    rows, labels = make_classification(
        size.rows, size.features, n_informative=TELLING, n_classes=CLASSES, random_state=SEED
    )
    names = [f"x{place}" for place in range(size.features)]
    (folder / TABLE).parent.mkdir()
    table = np.column_stack([rows, labels])
    cells = [*["%.6f"] * size.features, "%d"]
    header = ",".join([*names, LABEL])
    np.savetxt(folder / TABLE, table, cells, delimiter=",", header=header, comments="")
    params = read_yaml(PARAMS_PATH, "run this from the top")
    params |= {
        "data": {
            "table": str(TABLE),
            "label": LABEL,
            "features": [{"name": name} for name in names],
        },
        "split": {"seed": SEED},
        "estimator": {"import_path": FOREST, "arguments": {"n_estimators": size.trees}},
        "evaluation": {"gates": {}},
        "golden": [],
    }
    # What JSON says is YAML.
    (folder / PARAMS_PATH).write_text(json.dumps(params), encoding="utf-8")
    return load_params(folder / PARAMS_PATH).evaluation.folds


def _round(folder: Path, size: Size) -> Round:
    stages = {"prepare": _run_stage(folder, "prepare")}
    parts = [
        np.loadtxt(folder / path, delimiter=",", skiprows=1) for path in (TRAIN_PATH, TEST_PATH)
    ]
    rows = np.concatenate(parts)
    np.save(folder / ROWS, rows[:, :-1])
    np.save(folder / LABELS, rows[:, -1].astype(np.int64))
    words = [str(folder), str(size.trees), str(len(parts[0]))]
    _, told = _run([sys.executable, "-m", "benchmarks.studies.training.fit", *words], folder)
    whole_s, part_s = map(float, told.split())
    stages |= {name: _run_stage(folder, name) for name in STAGES[1:]}
    return Round(whole_s, part_s, stages)


def _run_stage(folder: Path, name: str) -> Run:
    """A stage, and `accept` as a part of `train`."""
    runs = [
        _run([sys.executable, "-m", f"twinserve.training.{module}"], folder)[0]
        for module in ACCEPTED.get(name, (name,))
    ]
    sizes = [run.memory_bytes for run in runs if run.memory_bytes is not None]
    return Run(sum(run.wall_s for run in runs), max(sizes, default=None))


def _run(command: Sequence[str], folder: Path) -> tuple[Run, str]:
    """Run it to its end; what it printed.

    Raises:
        UserError: it fails.
    """
    path = {"PYTHONPATH": str(Path(benchmarks.__file__).parent.parent)}
    began = time.monotonic()
    with tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            list(command), cwd=folder, stdout=told, stderr=errors, env=tool_environment() | path
        )
        most: int | None = None
        while process.poll() is None:
            most = max(most or 0, tree_pss_bytes(process.pid) or 0) or None
            time.sleep(SAMPLE_S)
        wall_s = time.monotonic() - began
        for file in (told, errors):
            file.seek(0)
        if process.returncode:
            why = errors.read().decode(errors="replace").strip().splitlines()
            raise UserError(f"{command[2]}: {(why or ['it failed'])[-1].removeprefix('error: ')}")
        return Run(wall_s, most), told.read().decode()
