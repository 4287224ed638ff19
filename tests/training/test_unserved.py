"""Estimators that skl2onnx converts oddly or not at all: what export does, and what it says."""

import re
from typing import Any

import pytest

from tests.training.project import Project
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.training import export as exporting
from twinserve.training.export import load_as_served


def test_refusal_says_what_the_estimator_itself_would_cost(evaluated: Project) -> None:
    """Neighbours differ in float32; joblib would serve, at a cost that is measured with it."""
    evaluated.change({"golden": [], "evaluation.gates": {}})
    evaluated.estimator("sklearn.neighbors.KNeighborsClassifier", weights="distance")
    evaluated.run("train", "evaluate")
    line = evaluated.refused("export")
    assert "onnx: differs by " in line
    said = (
        r"set serving\.runtime: joblib in params\.yaml: measured here, it gives the first answer "
        r"\d+\.\d s after its start and [\d,]+ requests/s over a connection"
        r"(, [\d,]+ MB of memory)?$"
    )
    assert re.search(said, line)


def test_line_says_why_the_estimator_itself_cannot_be_served_either(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind each runtime's reason, not in their place."""

    def unloadable(*_: object) -> None:
        raise UserError("the trained estimator needs the package abacus")

    monkeypatch.setattr(exporting, "served_itself", unloadable)
    evaluated.estimator("sklearn.semi_supervised.LabelPropagation", gamma=1)
    evaluated.run("train", "evaluate")
    line = evaluated.refused("export")
    assert "compiled: LabelPropagation is no tree ensemble" in line
    assert line.endswith(
        "set serving.runtime: joblib in params.yaml: which cannot be either (the trained estimator "
        "needs the package abacus)"
    )


def test_wider_bar_where_no_label_differs(evaluated: Project) -> None:
    """A QDA's probabilities in float32 are off by more than 1e-5, its labels nowhere: card says it.

    skl2onnx makes a table of its labels, which ONNX Runtime refused for a single row.
    """
    evaluated.change({"golden": []})
    evaluated.estimator("sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis")
    evaluated.run("train", "evaluate", "export")
    card = load_card(evaluated.root / "models/model.json")
    assert card.runtime == "onnx"
    assert [case.prediction for case in card.golden] == [0, 1, 2]
    assert 1e-5 < card.parity.largest_difference <= card.parity.tolerance == 1e-3


LOGISTIC = {"import_path": "sklearn.linear_model.LogisticRegression"}
QUANTILES = {
    "import_path": "sklearn.preprocessing.QuantileTransformer",
    "arguments": {"n_quantiles": 20},
}


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("import_path", "arguments", "runtime"),
    [
        ("sklearn.naive_bayes.MultinomialNB", {}, "onnx"),
        ("sklearn.multiclass.OneVsRestClassifier", {"estimator": LOGISTIC}, "onnx"),
        ("sklearn.pipeline.Pipeline", {"steps": [["q", QUANTILES], ["m", LOGISTIC]]}, "joblib"),
    ],
)
def test_each_is_served_by_what_is_equal(
    evaluated: Project, import_path: str, arguments: dict[str, Any], runtime: str
) -> None:
    """By auto, or by the setting that the refusal names; proven either way."""
    evaluated.change({"golden": [], "evaluation.gates": {}})
    evaluated.estimator(import_path, **arguments)
    evaluated.run("train", "evaluate")
    if runtime == "joblib":
        assert "set serving.runtime: joblib in params.yaml" in evaluated.refused("export")
        evaluated.change({"serving.runtime": "joblib"})
    evaluated.run("export")
    card = load_card(evaluated.root / "models/model.json")
    assert card.runtime == runtime
    assert card.parity.largest_difference <= card.parity.tolerance


def test_what_the_runtime_fails_on_is_passed_over(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of ONNX Runtime's is the reason in the line, no traceback."""

    def failing(card: Any, artifact: bytes) -> Any:  # noqa: ANN401 - a model
        model = load_as_served(card, artifact)

        def predict(_self: Any, _features: Any) -> int:  # noqa: ANN401 - a row
            raise RuntimeError("Invalid rank for output: label\nat a place of its own")

        monkeypatch.setattr(type(model), "predict", predict)
        return model

    monkeypatch.setattr(exporting, "load_as_served", failing)
    evaluated.change({"serving.runtime": "onnx"})
    line = evaluated.refused("export")
    assert "onnx: ONNX Runtime cannot run it (Invalid rank for output: label)" in line
