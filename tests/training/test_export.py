"""export: what is served, the golden cases, the card."""

import hashlib
import json
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer, load_wine

from config.card import load_card
from inference.model import load_model
from tests.training.project import Project
from training import export as exporting
from training.export import load_as_served

FOREST = "sklearn.ensemble.RandomForestClassifier"
LOGISTIC = {
    "import_path": "sklearn.pipeline.Pipeline",
    "arguments": {
        "steps": [
            ["scale", {"import_path": "sklearn.preprocessing.StandardScaler"}],
            ["model", {"import_path": "sklearn.linear_model.LogisticRegression"}],
        ]
    },
}
BOOSTING = {"import_path": "sklearn.ensemble.GradientBoostingClassifier", "arguments": {}}
HISTOGRAM = {
    "import_path": "sklearn.ensemble.HistGradientBoostingClassifier",
    "arguments": {"max_iter": 5},
}


def test_card_is_true(evaluated: Project) -> None:
    """What the card says of files, features, classes, data and metrics is so."""
    evaluated.run("export")
    models = evaluated.root / "models"
    card = load_card(models / "model.json")
    assert (card.name, card.version, card.runtime, card.served) == (
        "iris",
        "v1.0",
        "onnx",
        "model.onnx",
    )
    assert {
        name: hashlib.sha256((models / name).read_bytes()).hexdigest()
        for name in ("model.pkl", "model.onnx")
    } == card.artifacts
    assert card.features[0] == ("sepal_length", "cm", 4.3, 7.9)
    assert card.classes == ["setosa", "versicolor", "virginica"]
    table = (evaluated.root / "data/iris.csv").read_bytes()
    assert card.data == {
        "path": "data/iris.csv",
        "sha256": hashlib.sha256(table).hexdigest(),
        "rows": 150,
    }
    assert json.loads((evaluated.root / "evaluation/metrics.json").read_bytes()) == card.metrics
    assert [case.prediction for case in card.golden] == [0, 1, 2]
    assert (card.parity.table_rows, card.parity.random_rows) == (150, 10_000)
    assert 0 < card.parity.largest_difference <= 1e-5
    assert card.parity.ties > 0
    assert card.estimator["import_path"] == FOREST
    assert card.estimator["arguments"]["random_state"] == 42
    assert set(card.libraries) == {"joblib", "numpy", "onnx", "scikit-learn", "skl2onnx"}


def test_export_is_repeatable(evaluated: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A second export writes the same bytes, and a line says what was proven."""
    evaluated.run("export")
    before = evaluated.files()
    capsys.readouterr()
    assert evaluated.command("export") == 0
    assert before == evaluated.files()
    out = capsys.readouterr().out
    assert out.startswith("export: iris v1.0 as models/model.onnx (")
    assert "parity on 150 + 10000 rows: largest difference " in out


@pytest.mark.parametrize("estimator", [LOGISTIC, BOOSTING])
@pytest.mark.parametrize("load", [load_wine, load_breast_cancer])
def test_other_tables_and_estimators(project: Project, load: Any, estimator: object) -> None:  # noqa: ANN401 - a loader of scikit-learn
    """13 or 30 features, 3 or 2 classes: parity holds, and a row of each class is golden."""
    other = load()
    names = [str(name).replace(" ", "_") for name in other.feature_names]
    project.table(
        names,
        other.data.tolist(),
        other.target.tolist(),
        [str(name) for name in other.target_names],
    )
    project.change({"estimator": estimator, "model.name": "other"})
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert names == [feature.name for feature in card.features]
    assert list(range(len(other.target_names))) == [case.prediction for case in card.golden]
    assert card.parity.table_rows == len(other.data)
    model = load_model(card, project.root / "models")
    for case in card.golden:
        assert case.features in other.data.tolist()
        assert case.prediction == model.predict(case.features)


def test_what_cannot_be_converted_is_served_by_joblib(evaluated: Project) -> None:
    """One line names the setting; with it, the served artifact is the pickle itself."""
    evaluated.run("export")
    evaluated.change({"estimator": HISTOGRAM})
    evaluated.run("train", "evaluate")
    before = evaluated.files()
    assert evaluated.refused("export").endswith("set serving.runtime: joblib in params.yaml")
    assert before == evaluated.files()
    evaluated.change({"serving.runtime": "joblib"})
    evaluated.run("export")
    models = evaluated.root / "models"
    assert {path.name for path in models.iterdir()} == {"model.joblib", "model.json", "model.pkl"}
    assert (models / "model.joblib").read_bytes() == (models / "model.pkl").read_bytes()
    card = load_card(models / "model.json")
    assert (card.runtime, card.served) == ("joblib", "model.joblib")
    assert card.parity.largest_difference == 0.0
    assert set(card.libraries) == {"joblib", "numpy", "scikit-learn"}


def test_golden_case_that_the_estimator_does_not_give(evaluated: Project) -> None:
    """The line gives the case, what was predicted and what was expected; nothing is written."""
    before = evaluated.files()
    evaluated.change({"golden": [{"features": [5.1, 3.5, 1.4, 0.2], "prediction": 2}]})
    expected = (
        "params.yaml: golden[0]: the estimator predicts 0 (setosa) for [5.1, 3.5, 1.4, 0.2], "
        "expected 2 (virginica)"
    )
    assert expected == evaluated.refused("export")
    assert {**before, "params.yaml": b""} == {**evaluated.files(), "params.yaml": b""}


def test_golden_case_that_the_served_model_does_not_give(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The served model is asked as well as the estimator."""

    def turned(card: Any, artifact: bytes) -> Any:  # noqa: ANN401 - a model
        model = load_as_served(card, artifact)
        monkeypatch.setattr(model, "predict", lambda _features: 1)
        return model

    monkeypatch.setattr(exporting, "load_as_served", turned)
    expected = "params.yaml: golden[0]: the served model predicts 1 (versicolor) for [5.1, "
    assert evaluated.refused("export").startswith(expected)


def test_without_golden_cases_the_first_right_rows_serve(evaluated: Project) -> None:
    """For each class the first row of the table that is predicted rightly."""
    evaluated.change({"golden": []})
    evaluated.run("export")
    card = load_card(evaluated.root / "models/model.json")
    first, *_ = card.golden
    assert first == ([5.1, 3.5, 1.4, 0.2], 0)
    assert [case.prediction for case in card.golden] == [0, 1, 2]


def test_class_that_is_never_predicted(evaluated: Project) -> None:
    """A model that gives one class only has no golden case for the others."""
    evaluated.change({"golden": [], "evaluation.gates": {}})
    evaluated.estimator("sklearn.dummy.DummyClassifier", strategy="prior")
    evaluated.change({"serving.runtime": "joblib"})
    evaluated.run("train", "evaluate")
    expected = "golden: no row of class 'versicolor' is predicted rightly; "
    assert evaluated.refused("export").startswith(expected)
