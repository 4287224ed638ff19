"""``twinserve adopt TABLE --label COLUMN``: write what a table is into params.yaml."""

import argparse
import re
import shutil
import sys
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from twinserve.config.cells import as_number
from twinserve.config.errors import UserError
from twinserve.config.params import PARAMS_PATH, Params, load_params
from twinserve.config.serving import Runtime
from twinserve.config.training import Data, Task
from twinserve.delivery.adoption.columns import FREE_TEXT, Columns, chosen_columns, is_affixed
from twinserve.delivery.adoption.marks import cell_settings, file_settings
from twinserve.delivery.adoption.setting import write_checked
from twinserve.delivery.adoption.storage import is_for_dvc, keep_under_dvc
from twinserve.delivery.adoption.yaml_edit import ABSENT, edited
from twinserve.training.prepare import described_all
from twinserve.training.reading.cells import Cells, listed, shown
from twinserve.training.reading.records import count, read_records
from twinserve.training.reading.rule import cells_of, labelled, task_of
from twinserve.training.table import Table, read_table

# Boosting wants rows; on few of them, a forest is the better guess.
_FEW_ROWS = 1000
_ESTIMATORS = {
    ("classification", True): "sklearn.ensemble.RandomForestClassifier",
    ("classification", False): "sklearn.ensemble.HistGradientBoostingClassifier",
    ("regression", True): "sklearn.ensemble.RandomForestRegressor",
    ("regression", False): "sklearn.ensemble.HistGradientBoostingRegressor",
}
# Of words there are as many columns as there are words.
_OF_TEXTS = {
    "classification": "sklearn.linear_model.LogisticRegression",
    "regression": "sklearn.linear_model.Ridge",
}
_OPTIONAL = (
    "encoding", "separator", "decimal", "thousands", "missing_values", "unlabelled", "classes",
)  # fmt: skip
# Runtimes that take columns of free text.
_OF_TEXT = ("onnx", "joblib")
_USUAL_FEWEST, _USUAL_FOLDS = 10, 5
_MANY = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The table, and what it holds."""
    parser.add_argument("table", type=Path, help="a file of CSV, also .gz, or Parquet")
    parser.add_argument("--label", required=True, help="the column that is to be predicted")
    parser.add_argument("--task", choices=("classification", "regression"), help="if not by label")
    parser.add_argument(
        "--runtime",
        choices=get_args(Runtime),
        help="serving.runtime, if not as it stands; onnx and joblib take columns of free text",
    )


def run(arguments: argparse.Namespace) -> None:
    """Write params.yaml, and say what was taken for what.

    Raises:
        UserError: the table cannot be read, or nothing can be learnt from it; nothing is written.
    """
    given: Path = arguments.table
    path = _place(given)
    before = load_params()
    runtime: Runtime = arguments.runtime or before.serving.runtime
    texts = runtime in _OF_TEXT
    data, columns = describe_table(given, arguments.label, arguments.task, texts=texts)
    table = read_table(data)
    data = data.model_copy(update={"table": path.as_posix()})
    content = PARAMS_PATH.read_text(encoding="utf-8")
    limit = before.storage.git_limit_mb
    large = is_for_dvc(given, path, limit)
    changes = _changes(data, table, path)
    if runtime != before.serving.runtime:
        changes["serving", "runtime"] = runtime
    text = edited(content, changes)
    if path.resolve() != given.resolve():
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(given, path)
    params = write_checked(text, content)
    for line in _taken(params, table, columns):
        sys.stdout.write(f"adopt: {line}\n")
    for line in keep_under_dvc(path, limit) if large else ():
        sys.stdout.write(f"adopt: {line}\n")
    sys.stdout.write("adopt: written: params.yaml; `make run` makes and serves the model\n")


def describe_table(
    path: Path, label: str, task: Task | None, *, texts: bool = False
) -> tuple[Data, Columns]:
    """The data section of a file, and which of its columns are left out; ``texts`` stay if asked.

    Raises:
        UserError: it is no table, or has no such column, or no other that says anything.
    """
    settings = file_settings(path)
    bare = Data(table=str(path), label=label, task=task, **settings)
    records = read_records(bare)
    settings |= cell_settings(bare, records)
    data = Data(table=str(path), label=label, task=task, **settings)
    if any(map(cells_of(data, records, label).is_gap, records.column(label))):
        data = data.model_copy(update={"unlabelled": "skip"})
        records = labelled(data, records)
    columns = chosen_columns(data, records, texts=texts)
    if not columns.features:
        raise _nothing(path, label, columns)
    update: dict[str, Any] = {"features": columns.features}
    if (task or task_of(cells_of(data, records, label))) == "classification":
        # As few as there are, and a row on either side of the split.
        fewest = Counter(map(str.strip, records.column(label))).most_common()[-1][1]
        if fewest == 1:
            raise _too_few(cells_of(data, records, label))
        update["min_rows_per_class"] = min(_USUAL_FEWEST, fewest)
    return data.model_copy(update=update), columns


def _nothing(path: Path, label: str, columns: Columns) -> UserError:
    """Of a table without a column to learn from; free text is one for some runtimes."""
    reasons = listed([f"{name}: {reason}" for name, reason in columns.left_out], _MANY)
    free = any(reason.startswith(FREE_TEXT) for _, reason in columns.left_out)
    cure = "; --runtime onnx (`make adopt … RUNTIME=onnx`) would take the free text" * free
    return UserError(
        f"{path}: found no column but {label} from which anything can be learnt"
        f"{f' ({reasons})' * bool(reasons)}{cure}"
    )


def _too_few(label: Cells) -> UserError:
    """The refusal of a class of one row, which would be either trained on or held out."""
    rows = Counter(text for _, text in label.present())
    single = next(text for text, number in rows.items() if number == 1)
    said = (
        f"{label.data.table}: column {label.name}: found 1 row of class {shown(single)}, "
        "expected at least 2 of each"
    )
    if all(as_number(label.data, text) is not None for text in rows):
        return UserError(
            f"{said}; as a number it is predicted with --task regression "
            "(`make adopt … TASK=regression`)"
        )
    if is_affixed(label):
        return UserError(
            f"{said}; write the number without the text around it to have it predicted"
        )
    return UserError(f"{said}; leave such rows out of the table, or give them another class")


def _place(given: Path) -> Path:
    """Where the table is to be: as given inside the project, else in ``data``."""
    here = Path.cwd().resolve()
    resolved = given.resolve()
    if resolved.is_relative_to(here):
        return resolved.relative_to(here)
    return Path("data", given.name)


def _changes(data: Data, table: Table, path: Path) -> dict[Sequence[str], Any]:
    read = table.data
    changes: dict[Sequence[str], Any] = {
        ("model", "name"): _slug(path),
        ("data", "table"): data.table,
        ("data", "label"): data.label,
        ("data", "task"): read.task,
        # It takes the columns of the table before.
        ("data", "step"): ABSENT,
    }
    unusual = _unusual(read)
    for name in _OPTIONAL:
        changes["data", name] = unusual.get(name, ABSENT)
    changes["data", "features"] = [
        feature.model_dump(exclude_defaults=True) for feature in read.features
    ]
    few = read.min_rows_per_class
    changes["data", "min_rows_per_class"] = few if few != _USUAL_FEWEST else ABSENT
    changes["estimator", "import_path"] = _estimator(read, len(table.rows))
    changes["estimator", "arguments"] = {}
    changes["estimator", "preprocessing"] = ABSENT
    smallest = few if read.classes else _USUAL_FOLDS
    folds = min(_USUAL_FOLDS, smallest)
    changes["evaluation", "gates"] = {}
    changes["evaluation", "folds"] = folds if folds != _USUAL_FOLDS else ABSENT
    changes[("golden",)] = []
    return changes


def _estimator(data: Data, rows: int) -> str:
    """A sensible one for the columns and the number of rows."""
    task = data.task or "classification"
    if any(feature.type == "text" for feature in data.features):
        return _OF_TEXTS[task]
    return _ESTIMATORS[task, rows < _FEW_ROWS]


def _unusual(data: Data) -> dict[str, Any]:
    """The optional settings that differ from their defaults."""
    values = {name: getattr(data, name) for name in _OPTIONAL}
    return {
        name: value
        for name, value in values.items()
        if value != Data.model_fields[name].get_default(call_default_factory=True)
    }


def _slug(path: Path) -> str:
    """A model's name from a file's."""
    plain = unicodedata.normalize("NFKD", path.name.partition(".")[0]).encode("ascii", "ignore")
    name = re.sub(r"[^a-z0-9]+", "-", plain.decode().lower()).strip("-")
    name = name if name[:1].isalpha() else f"model-{name}".strip("-")
    return name[:40].rstrip("-")


def _taken(params: Params, table: Table, columns: Columns) -> list[str]:
    data = table.data
    unsaid = {"classes", "unlabelled"}
    marks = [f"{name} {value!r}" for name, value in _unusual(data).items() if name not in unsaid]
    lines = [
        f"{params.data.table}: {len(table.rows)} rows" + "".join(f", {mark}" for mark in marks)
    ]
    classes = f", classes {', '.join(data.classes)}" if data.classes else ""
    lines.append(f"{data.label}: what is predicted, a {data.task}{classes}")
    lines += described_all(data.features)
    if table.unlabelled:
        lines.append(f"left out: {count(table.unlabelled, 'row')} without {data.label}")
    lines += [f"{name}: left out, {reason}" for name, reason in columns.left_out]
    lines.append(f"estimator {params.estimator.import_path}, gates open, golden cases by the model")
    if params.serving.runtime != "auto":
        lines.append(_by_choice(params.serving.runtime))
    return lines


def _by_choice(runtime: Runtime) -> str:
    """Tell what follows of a runtime that ``auto`` has not taken."""
    line = f"serving.runtime {runtime}, which is a choice: no other is tried"
    if runtime != "joblib":
        return line
    return f"{line}; the estimator itself is served, and `make run` ends with what that costs"
