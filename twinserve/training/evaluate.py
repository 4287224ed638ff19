"""Judge the model on the held-out rows; write metrics, plots and pictures; keep the gates."""

import json
import os
import sys
import warnings
from typing import Any

from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import Params, load_params
from twinserve.training.estimator import Classifier
from twinserve.training.evaluation.figures import (
    broken_gates,
    cross_validated,
    cross_validated_regression,
    held_out_figures,
    regression_figures,
)
from twinserve.training.evaluation.plots import write_plots
from twinserve.training.fitting.cluster import on_engine
from twinserve.training.fitting.pickled import read_model
from twinserve.training.fitting.progress import said_while
from twinserve.training.frame import reads_names
from twinserve.training.outputs import read_output, write_output
from twinserve.training.paths import FOLDS_TAKEN, METRICS_PATH, TEST_PATH, TRAIN_PATH
from twinserve.training.prepared import Rows, read_prepared, with_columns

# Of the metrics.
_FOLDS = "cross_validation"


def evaluate(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: a gate is broken; the figures are written all the same, to be looked at.
    """
    model = read_model()
    params = with_columns(params)
    named = reads_names(model)
    train, test = (
        read_prepared(path, params.data, named=named) for path in (TRAIN_PATH, TEST_PATH)
    )
    # One thread, as in training. What a fit warns of, training has said already; recorded, not
    # filtered: scikit-learn's threads clear the filters of all.
    with threadpool_limits(1), on_engine(params.training), warnings.catch_warnings(record=True):
        metrics = _metrics(params, model, train, test)
        write_plots(params, model, test)
    write_output(METRICS_PATH, (json.dumps(metrics, indent=2) + "\n").encode())
    sys.stdout.write(f"evaluate: {_summary(metrics, len(test.labels))}\n")
    broken = broken_gates(metrics, params.evaluation.gates)
    if broken:
        raise UserError(
            f"{'; '.join(broken)}; the figures are in {METRICS_PATH}. Nothing is exported"
        )


def _metrics(params: Params, model: Classifier, train: Rows, test: Rows) -> dict[str, Any]:
    whole, folds, seed = train.joined(test), params.evaluation.folds, params.split.seed
    regression = params.data.task == "regression"
    if regression:
        figures = regression_figures(model, test)
    else:
        figures = held_out_figures(model, test, params.data.classes)
    if not folds:
        return figures
    if os.environ.get(FOLDS_TAKEN):
        return {**figures, _FOLDS: json.loads(read_output(METRICS_PATH))[_FOLDS]}
    cross = cross_validated_regression if regression else cross_validated
    with said_while(f"evaluate: {folds} folds of {len(whole.labels)} rows"):
        return {**figures, _FOLDS: cross(model, whole, folds, seed)}


def _summary(metrics: dict[str, Any], rows: int) -> str:
    name, key = ("R²", "r2") if "r2" in metrics else ("accuracy", "accuracy")
    folds = metrics.get(_FOLDS)
    crossed = (
        f"; {folds['folds']} folds: {name} {folds[f'{key}_mean']:.3f} ± {folds[f'{key}_std']:.3f}"
        if folds
        else ""
    )
    if "r2" in metrics:
        return (
            f"R² {metrics['r2']:.3f}, mean absolute error {metrics['mae']:g}, root mean squared "
            f"error {metrics['rmse']:g} on {rows} held-out rows{crossed}"
        )
    loss = f", log loss {metrics['log_loss']:.3f}" if "log_loss" in metrics else ", labels only"
    return (
        f"accuracy {metrics['accuracy']:.3f}, macro F1 {metrics['macro_f1']:.3f}"
        f"{loss} on {rows} held-out rows{crossed}"
    )


def main() -> None:
    """Run the stage from ``params.yaml``."""
    evaluate(load_params())


if __name__ == "__main__":
    run_as_command(main)
