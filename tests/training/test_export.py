"""export: what is served, the golden cases, the card."""

import hashlib
import json
from typing import Any

import pytest
from sklearn.datasets import load_breast_cancer, load_wine

from tests.training.project import Project
from twinserve.config.card import load_card
from twinserve.inference.model import load_model
from twinserve.training import export as exporting
from twinserve.training.export import load_as_served
from twinserve.training.served import serving as choosing

FOREST = "sklearn.ensemble.RandomForestClassifier"
NETWORK = {
    "import_path": "sklearn.neural_network.MLPClassifier",
    "arguments": {"max_iter": 300, "hidden_layer_sizes": [8]},
}
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
    assert (card.name, card.version) == ("iris", "v1.0")
    assert (card.runtime, card.served) == ("compiled", "model.so")
    assert card.choice == ("auto", {}, "linux-x86_64")
    assert {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (models / "model.pkl", models / "served" / "model.so")
    } == card.artifacts
    assert card.features[0][:4] == ("sepal_length", "cm", 4.3, 7.9)
    assert card.classes == ["setosa", "versicolor", "virginica"]
    table = (evaluated.root / "data/iris.csv").read_bytes()
    assert card.data == {
        "path": "data/iris.csv",
        "sha256": hashlib.sha256(table).hexdigest(),
        "rows": 150,
    }
    assert json.loads((evaluated.root / "evaluation/metrics.json").read_bytes()) == card.metrics
    assert [case.prediction for case in card.golden] == [0, 1, 2]
    assert (card.parity.table_rows, card.parity.random_rows) == (150, 100_000)
    assert card.parity.threshold_rows > 1_000
    assert (card.parity.tolerance, card.parity.largest_difference) == (0.0, 0.0)
    assert card.parity.ties > 0
    assert card.estimator["import_path"] == FOREST
    assert card.estimator["arguments"]["random_state"] == 42
    assert set(card.libraries) == {"joblib", "numpy", "scikit-learn", "ziglang"}


def test_onnx_when_it_is_asked_for(evaluated: Project) -> None:
    """Rounded rows, agreement within the tolerance, and nothing left of the compiled model."""
    evaluated.run("export")
    evaluated.change({"serving.runtime": "onnx"})
    evaluated.run("export")
    served = evaluated.root / "models" / "served"
    assert {path.name for path in served.iterdir()} == {"model.onnx"}
    card = load_card(evaluated.root / "models/model.json")
    assert (card.runtime, card.served, card.choice) == ("onnx", "model.onnx", ("onnx", {}, ""))
    assert card.parity.random_rows == 100_000
    assert card.parity.threshold_rows > 1_000
    assert 0 < card.parity.largest_difference <= card.parity.tolerance == 1e-5
    assert set(card.libraries) == {"joblib", "numpy", "onnx", "scikit-learn", "skl2onnx"}


def test_another_machine_is_a_parameter(evaluated: Project) -> None:
    """The artifact is for that one; parity is proven here, with an object of the same source."""
    evaluated.run("export")
    served = evaluated.root / "models" / "served"
    here = (served / "model.so").read_bytes(), (served / "model.c").read_bytes()
    evaluated.change({"serving.compile.machine": "aarch64"})
    evaluated.run("export")
    there = (served / "model.so").read_bytes(), (served / "model.c").read_bytes()
    card = load_card(evaluated.root / "models/model.json")
    assert card.choice.platform == "linux-aarch64"
    assert card.parity.largest_difference == 0.0
    assert card.artifacts["model.so"] == hashlib.sha256(there[0]).hexdigest()
    assert here[0] != there[0]
    assert here[1] == there[1]
    assert int.from_bytes(there[0][18:20], "little") == 183  # EM_AARCH64


def test_auto_says_why_not_the_one_before(
    evaluated: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A network is served by ONNX; the card and a line of output have the reason."""
    evaluated.change({"estimator": NETWORK, "evaluation.gates": {}, "golden": []})
    evaluated.run("train", "evaluate")
    capsys.readouterr()
    evaluated.run("export")
    card = load_card(evaluated.root / "models/model.json")
    reason = "MLPClassifier is no tree ensemble of scikit-learn's"
    assert card.choice == ("auto", {"compiled": reason}, "")
    first, _ = capsys.readouterr().out.splitlines()
    assert first == f"export: serving.runtime auto gives onnx, not compiled: {reason}"


def test_source_over_the_limit_is_left_to_onnx(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is named, whether the nodes alone pass it or the text does."""
    evaluated.change({"serving.compile.max_source_mb": 1})
    for size, how_much in ((10**6, ""), (1, " (1 MB)")):
        monkeypatch.setattr(choosing, "_NODE_BYTES", size)
        monkeypatch.setattr(choosing, "write_source", lambda *_: "x" * 1_000_001)
        evaluated.run("export")
        choice = load_card(evaluated.root / "models/model.json").choice
        expected = f"its C source is longer than serving.compile.max_source_mb: 1{how_much}"
        assert choice.passed_over == {"compiled": expected}


def test_estimator_that_none_can_have_is_one_line(evaluated: Project) -> None:
    """Each runtime's reason, and the setting that serves it nevertheless."""
    evaluated.estimator("sklearn.semi_supervised.LabelPropagation", gamma=1)
    evaluated.run("train", "evaluate")
    before = evaluated.files()
    line = evaluated.refused("export")
    assert "compiled: LabelPropagation is no tree ensemble" in line
    assert "onnx: skl2onnx cannot convert LabelPropagation (" in line
    assert "set serving.runtime: joblib in params.yaml: measured here, it gives the first" in line
    assert before == evaluated.files()


def test_export_is_repeatable(evaluated: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """A second export writes the same bytes, and a line says what was proven."""
    evaluated.run("export")
    before = evaluated.files()
    capsys.readouterr()
    assert evaluated.command("export") == 0
    assert before == evaluated.files()
    out = capsys.readouterr().out
    assert out.startswith(
        "export: serving.runtime auto gives compiled\nexport: iris v1.0 as models/served/"
    )
    assert "parity on 150 + 100000 + 2380 + " in out


@pytest.mark.parametrize(
    "estimator",
    [
        LOGISTIC,
        pytest.param(BOOSTING, marks=pytest.mark.nightly),
        pytest.param({**HISTOGRAM, "arguments": {"max_iter": 40}}, marks=pytest.mark.nightly),
    ],
)
@pytest.mark.parametrize(
    "load", [pytest.param(load_wine, marks=pytest.mark.nightly), load_breast_cancer]
)
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
    assert card.runtime == "compiled"
    model = load_model(card, project.root / "models" / "served")
    for case in card.golden:
        assert case.features in other.data.tolist()
        assert case.prediction == model.predict(case.features)


@pytest.mark.nightly
def test_what_cannot_be_converted_is_served_by_joblib(evaluated: Project) -> None:
    """One line names the setting; with it, the served artifact is the pickle itself."""
    evaluated.run("export")
    evaluated.change({"estimator": HISTOGRAM, "serving.runtime": "onnx"})
    evaluated.run("train", "evaluate")
    before = evaluated.files()
    assert evaluated.refused("export").endswith("set serving.runtime: joblib in params.yaml")
    assert before == evaluated.files()
    evaluated.change({"serving.runtime": "joblib"})
    evaluated.run("export")
    models = evaluated.root / "models"
    assert {path.name for path in models.iterdir()} == {
        *("served", "model.json", "fitted.pkl", "model.pkl", "model.pkl.sha256")
    }
    assert {path.name for path in (models / "served").iterdir()} == {"model.joblib"}
    assert (models / "served" / "model.joblib").read_bytes() == (models / "model.pkl").read_bytes()
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
    """A model that gives one class only has a golden case for that one, and none for others."""
    evaluated.change({"golden": [], "evaluation.gates": {}})
    evaluated.estimator("sklearn.dummy.DummyClassifier", strategy="prior")
    evaluated.change({"serving.runtime": "joblib"})
    evaluated.run("train", "evaluate")
    evaluated.run("export")
    card = load_card(evaluated.root / "models/model.json")
    assert [case.prediction for case in card.golden] == [0]
