"""A cell: an estimator fitted on a table, then exported and proven for each runtime by name.

Run as a process of its own, in an environment that has the libraries: ``python -m … FAMILY …``.
"""

import contextlib
import io
import json
import sys
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.studies.served.families import FAMILIES, estimator
from benchmarks.studies.served.tables import CLASSES, KINDS, LABEL, drawn, features
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.training import accept
from twinserve.training.export import export
from twinserve.training.outputs import write_output
from twinserve.training.paths import METRICS_PATH
from twinserve.training.prepare import prepare
from twinserve.training.served.requests import drawn as random
from twinserve.training.train import train

ROOT = Path(__file__).resolve().parents[3]
RUNTIMES = ("compiled", "onnx", "joblib")
TASKS = ("classification", "regression")
# Of each cell; a stage of a user's asks for fifty times as many.
RANDOM_ROWS = 2_000
_TABLE = "data/table.csv"


@dataclass(frozen=True, slots=True)
class Cell:
    """What became of it.

    Attributes:
        served: the bar of parity that each runtime has passed.
        refused: why the others have not, or, by the stage, why there is no model.
    """

    task: str
    family: str
    kind: str
    served: dict[str, float]
    refused: dict[str, str]


def cells(
    families: Sequence[str],
    kinds: Sequence[str] = tuple(KINDS),
    tasks: Sequence[str] = TASKS,
) -> Iterator[Cell]:
    """Each cell of these, one after the other."""
    random.RANDOM_ROWS = RANDOM_ROWS
    for family in families:
        for task in tasks:
            chosen = estimator(FAMILIES[family], regression=task == "regression")
            if chosen is not None:
                for kind in kinds:
                    yield _cell(task, family, kind, chosen)


def _cell(task: str, family: str, kind: str, chosen: dict[str, Any]) -> Cell:
    made = Cell(task, family, kind, {}, {})
    with _project(task, kind, chosen):
        # What is asked here is how it is served, not how good it is.
        write_output(METRICS_PATH, b"{}")
        for stage in (prepare, train, _accept):
            if reason := _refusal(stage):
                made.refused[stage.__name__.strip("_")] = reason
                return made
        for runtime in RUNTIMES:
            _write({"serving": {"runtime": runtime, "compile": {}}})
            if reason := _refusal(export):
                made.refused[runtime] = reason
            else:
                card = load_card(Path("models/model.json"))
                made.served[runtime] = card.parity.tolerance
    return made


def _accept(_: object) -> None:
    accept.main()


def _refusal(stage: Any) -> str:  # noqa: ANN401 - a function
    """Why a stage refuses; empty if it does not."""
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            stage(load_params())
        except UserError as error:
            return str(error)
    return ""


@contextlib.contextmanager
def _project(task: str, kind: str, chosen: dict[str, Any]) -> Iterator[None]:
    """A project in a folder of its own, which is where the block runs."""
    data: dict[str, Any] = {"table": _TABLE, "label": LABEL, "features": features(KINDS[kind])}
    if task == "classification":
        data["classes"] = list(CLASSES)
    sections = {
        "model": {"name": "cell", "version": "v1"},
        "data": {**data, "task": task},
        "split": {"seed": 1},
        "estimator": chosen,
        "evaluation": {"folds": 0, "importances": False},
        "golden": [],
    }
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        Path("data").mkdir()
        Path(_TABLE).write_text(drawn(KINDS[kind], regression=task == "regression"), "utf-8")
        Path("locks").symlink_to(ROOT / "locks")
        _write({**sections, "serving": {"runtime": "auto", "compile": {}}})
        yield


def _write(sections: dict[str, Any]) -> None:
    """Set sections of ``params.yaml``."""
    path = Path("params.yaml")
    whole = yaml.safe_load(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(yaml.safe_dump(whole | sections, sort_keys=False), "utf-8")


def main() -> None:
    """A line of JSON for each cell of the families that are named."""
    for cell in cells(sys.argv[1:] or list(FAMILIES)):
        sys.stdout.write(f"{json.dumps(asdict(cell))}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
