"""Make what is served, prove it equal to the estimator, and write the model card."""

import hashlib
import json
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

from config.card import Card, Feature, Parity
from config.errors import run_as_command
from config.layout import CARD_NAME
from config.params import Params, load_params
from inference.model import RUNTIMES, Model, load_model
from training.conversion import to_onnx
from training.estimator import Classifier, describe
from training.golden import golden_cases
from training.outputs import read_output, write_output
from training.parity import prove_parity
from training.paths import METRICS_PATH, MODEL_PATH
from training.pickled import read_model
from training.table import Table, read_table

# What made the artifacts of each runtime.
_LIBRARIES = {
    "onnx": ("joblib", "numpy", "onnx", "scikit-learn", "skl2onnx"),
    "joblib": ("joblib", "numpy", "scikit-learn"),
}


def export(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: the estimator cannot be converted, or what is served answers otherwise than it;
            an earlier export stays as it was.
    """
    table = read_table(params.data)
    pickled = read_output(MODEL_PATH)
    classifier = read_model()
    width = len(params.data.features)
    onnx = params.serving.runtime == "onnx"
    artifact = to_onnx(classifier, width, params.model.name) if onnx else pickled
    card = draft_card(params, table, classifier, {MODEL_PATH.name: pickled}, artifact)
    model = load_as_served(card, artifact)
    card = card._replace(
        golden=golden_cases(params, table, classifier, model),
        parity=prove_parity(classifier, model, table.rows, params.split.seed),
    )
    for runtime in RUNTIMES:
        # Of another runtime that was chosen before: nothing would ever update it.
        if runtime != card.runtime:
            MODEL_PATH.with_suffix(f".{runtime}").unlink(missing_ok=True)
    write_output(MODEL_PATH.with_name(card.served), artifact)
    write_output(MODEL_PATH.with_name(CARD_NAME), card.to_json().encode())
    sys.stdout.write(_summary(card, len(artifact)))


def draft_card(
    params: Params,
    table: Table,
    classifier: Classifier,
    sources: dict[str, bytes],
    artifact: bytes,
) -> Card:
    """The card without what remains to be proven: golden cases and parity."""
    runtime = params.serving.runtime
    served = f"model.{runtime}"
    columns = zip(*table.rows, strict=True)
    return Card(
        name=params.model.name,
        version=params.model.version,
        runtime=runtime,
        served=served,
        artifacts={
            name: hashlib.sha256(content).hexdigest()
            for name, content in {**sources, served: artifact}.items()
        },
        features=[
            _observed(feature.name, feature.unit, column)
            for feature, column in zip(params.data.features, columns, strict=True)
        ],
        classes=params.data.classes,
        golden=[],
        metrics=cast("dict[str, Any]", json.loads(read_output(METRICS_PATH))),
        parity=Parity(0, 0, 0.0, 0, 0),
        estimator={**describe(classifier), "import_path": params.estimator.import_path},
        data={
            "path": params.data.table,
            "sha256": table.sha256,
            "rows": len(table.rows),
        },
        libraries={name: version(name) for name in _LIBRARIES[runtime]},
    )


def load_as_served(card: Card, artifact: bytes) -> Model:
    """The artifact through the very code that will serve it."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, card.served).write_bytes(artifact)
        return load_model(card, Path(folder))


def _observed(name: str, unit: str, column: Sequence[float]) -> Feature:
    return Feature(name, unit, min(column), max(column))


def _summary(card: Card, size: int) -> str:
    parity = card.parity
    return (
        f"export: {card.name} {card.version} as {MODEL_PATH.with_name(card.served)} ({size:,} "
        f"bytes); parity on {parity.table_rows} + {parity.random_rows} rows: largest difference "
        f"{parity.largest_difference:.1e}, {parity.ties} ties, {parity.near_ties} near-ties\n"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    export(load_params())


if __name__ == "__main__":
    run_as_command(main)
