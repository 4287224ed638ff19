"""Judge the model on the held-out rows; write metrics, plots and pictures; keep the gates."""

import csv
import io
import json
import sys
import warnings
from collections.abc import Iterable, Sequence

import numpy as np
from sklearn.metrics import confusion_matrix
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.params import Params, load_params
from twinserve.training.estimator import Classifier
from twinserve.training.evaluation.figures import (
    broken_gates,
    cross_validated,
    held_out_figures,
    importances,
)
from twinserve.training.evaluation.pictures import confusion_picture, importances_picture
from twinserve.training.evaluation.plots_page import page_template
from twinserve.training.outputs import write_output
from twinserve.training.paths import EVALUATION, METRICS_PATH, TEST_PATH, TRAIN_PATH
from twinserve.training.pickled import read_model
from twinserve.training.prepared import Rows, read_prepared


def evaluate(params: Params) -> None:
    """Run the stage.

    Raises:
        UserError: a gate is broken; the figures are written all the same, to be looked at.
    """
    classifier = read_model()
    train, test = read_prepared(TRAIN_PATH), read_prepared(TEST_PATH)
    # One thread, as in training. What a fit warns of, training has said already.
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        figures = held_out_figures(classifier, test, params.data.classes)
        folds = cross_validated(
            classifier, train.joined(test), params.evaluation.folds, params.split.seed
        )
        _write_plots(params, classifier, test)
    metrics = {**figures, "cross_validation": folds}
    write_output(METRICS_PATH, (json.dumps(metrics, indent=2) + "\n").encode())
    sys.stdout.write(
        f"evaluate: accuracy {figures['accuracy']:.3f}, macro F1 {figures['macro_f1']:.3f}, "
        f"log loss {figures['log_loss']:.3f} on {len(test.classes)} held-out rows; {folds['folds']}"
        f" folds: accuracy {folds['accuracy_mean']:.3f} ± {folds['accuracy_std']:.3f}\n"
    )
    broken = broken_gates(figures, params.evaluation.gates)
    if broken:
        raise UserError(
            f"{'; '.join(broken)}; the figures are in {METRICS_PATH}. Nothing is exported"
        )


def _write_plots(params: Params, classifier: Classifier, test: Rows) -> None:
    names = params.data.classes
    predicted = classifier.predict(test.features)
    _write_csv(
        "confusion.csv",
        ("actual", "predicted"),
        (
            (names[actual], names[given])
            for actual, given in zip(test.classes, predicted, strict=True)
        ),
    )
    counts = confusion_matrix(test.classes, predicted, labels=np.arange(len(names)))
    write_output(EVALUATION / "confusion.png", confusion_picture(counts.tolist(), names))
    features = [feature.name for feature in params.data.features]
    ranked = importances(classifier, test, features, params.split.seed)
    _write_csv(
        "importances.csv",
        ("feature", "importance", "spread"),
        ((one.feature, one.importance, one.spread) for one in ranked),
    )
    write_output(EVALUATION / "importances.png", importances_picture(ranked))
    write_output(EVALUATION / "plots_page.html", page_template().encode())


def _write_csv(name: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_output(EVALUATION / name, text.getvalue().encode())


def main() -> None:
    """Run the stage from ``params.yaml``."""
    evaluate(load_params())


if __name__ == "__main__":
    run_as_command(main)
