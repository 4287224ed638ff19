"""What ``evaluate`` draws, by the task: ``evaluation/plots`` for DVC, and pictures of the same."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from dvc_render.vega_templates import ConfusionTemplate, ScatterTemplate
from sklearn.metrics import confusion_matrix

from twinserve.config.params import Params
from twinserve.training.estimator import Classifier, describe
from twinserve.training.evaluation.figures import Importance, importances
from twinserve.training.evaluation.pictures import (
    confusion_picture,
    importances_picture,
    predicted_picture,
    residuals_picture,
    search_picture,
)
from twinserve.training.evaluation.plots_page import page_template
from twinserve.training.fitting.progress import said_while
from twinserve.training.outputs import write_output
from twinserve.training.paths import EVALUATION
from twinserve.training.prepared import Rows

PLOTS, PICTURES = EVALUATION / "plots", EVALUATION / "pictures"


def write_plots(params: Params, model: Classifier, test: Rows) -> None:
    """Write all of them; what an earlier model of another task has left goes."""
    regression = params.data.task == "regression"
    files = _regression(params, model, test) if regression else _confusion(params, model, test)
    names = [feature.name for feature in params.data.features]
    ranked: list[Importance] = []
    if params.evaluation.importances:
        with said_while(f"evaluate: importance of {len(names)} features"):
            ranked = importances(model, test, names, params.split.seed)
        files["importances.png"] = importances_picture(ranked, "R²" if regression else "accuracy")
    bars = [(feature.feature, feature.importance, feature.spread) for feature in ranked]
    files["importances.csv"] = _csv(("feature", "importance", "spread"), bars)
    files |= _search(model)
    # The plot of one task is another than that of the other, so its template is an output too.
    template = ScatterTemplate() if regression else ConfusionTemplate()
    files["predicted.json"] = f"{json.dumps(template.DEFAULT_CONTENT, indent=2)}\n".encode()
    placed = {(PICTURES if name.endswith(".png") else PLOTS) / name: files[name] for name in files}
    for path, content in placed.items():
        write_output(path, content)
    for path in (*PLOTS.iterdir(), *PICTURES.iterdir()):
        if path not in placed:
            path.unlink()
    write_output(EVALUATION / "plots_page.html", page_template().encode())


def _confusion(params: Params, model: Classifier, test: Rows) -> dict[str, bytes]:
    names = params.data.classes
    predicted = model.predict(test.features)
    pairs = zip(test.labels, predicted, strict=True)
    rows = [(names[actual], names[given]) for actual, given in pairs]
    counts = confusion_matrix(test.labels, predicted, labels=np.arange(len(names)))
    return {
        "predicted.csv": _csv(("actual", "predicted"), rows),
        "confusion.png": confusion_picture(counts.tolist(), names),
    }


def _regression(params: Params, model: Classifier, test: Rows) -> dict[str, bytes]:
    actual = test.labels.tolist()
    predicted = np.asarray(model.predict(test.features), dtype=np.float64).ravel().tolist()
    residuals = [given - estimate for estimate, given in zip(actual, predicted, strict=True)]
    rows = zip(actual, predicted, residuals, strict=True)
    label = params.data.label
    return {
        "predicted.csv": _csv(("actual", "predicted", "residual"), rows),
        "predicted.png": predicted_picture(actual, predicted, label),
        "residuals.png": residuals_picture(predicted, residuals, label),
    }


def _search(model: Any) -> dict[str, bytes]:  # noqa: ANN401 - scikit-learn has no types
    """The candidates that a search has tried, behind the steps of a Pipeline too."""
    while steps := getattr(model, "steps", None):
        model = steps[-1][1]
    tried = getattr(model, "cv_results_", None)
    if tried is None:
        return {}
    scores, spreads = tried["mean_test_score"].tolist(), tried["std_test_score"].tolist()
    rows = zip(
        range(len(scores)),
        scores,
        spreads,
        map(json.dumps, map(describe, tried["params"])),
        strict=True,
    )
    return {
        "search.csv": _csv(("candidate", "score", "spread", "arguments"), rows),
        "search.png": search_picture(scores, spreads, int(model.best_index_)),
    }


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode()
