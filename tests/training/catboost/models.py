"""CatBoost itself: compiled from its own trees, exported by its own ONNX, pickled alike twice."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from catboost import CatBoostClassifier, CatBoostRegressor
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder

from tests.tables.endpoints import project_of
from tests.tables.shapes import penguins
from tests.training.project import Project
from tests.training.served.asked import FEATURES, NUMBERS, PLAIN, compared, fitted, table
from twinserve.config.card import load_card
from twinserve.training.estimator import UnfitError
from twinserve.training.served.conversion import to_onnx
from twinserve.training.served.program import read_program

QUIET = {"thread_count": 1, "allow_writing_files": False, "logging_level": "Silent"}
SMALL = {**QUIET, "n_estimators": 15, "depth": 4, "random_seed": 1}


def behind_codes(model: Any) -> Any:  # noqa: ANN401 - CatBoost has no types
    """Behind the codes of the categories, as `preprocessing: auto` has it."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    front = make_column_transformer((codes, ["island", "zone"]), remainder="passthrough")
    return make_pipeline(front, model)


@pytest.mark.parametrize("features", [PLAIN, NUMBERS], ids=["plain", "gaps"])
@pytest.mark.parametrize("nan_mode", ["Min", "Max"])
def test_regression_is_the_same_sum(features: Any, nan_mode: str) -> None:  # noqa: ANN401 - features
    """To the last bit, gaps on either side, with what the sums begin with added last."""
    data = table(features)
    model = CatBoostRegressor(**SMALL, nan_mode=nan_mode)
    comparison = compared(model, features, data.rows, data.numbers + 10)
    assert comparison.program.exact
    assert comparison.off == 0


@pytest.mark.parametrize("classes", [2, 3])
def test_classes_are_equal_everywhere(classes: int) -> None:
    """Probabilities within 1e-12, behind the codes of categories."""
    data = table(FEATURES, classes=classes)
    model = behind_codes(CatBoostClassifier(**SMALL))
    comparison = compared(model, FEATURES, data.rows, data.kinds)
    assert (comparison.served == comparison.expected).all()
    assert comparison.off <= 1e-12


@pytest.mark.parametrize("loss", ["MAE", "Quantile", "Huber:delta=1", "Poisson"])
def test_losses(loss: str) -> None:
    """Those whose number is the sum to the last bit, log-linked ones within 1e-12."""
    data = table(NUMBERS)
    model = CatBoostRegressor(**SMALL, loss_function=loss)
    comparison = compared(model, NUMBERS, data.rows, np.abs(data.numbers) + 0.1)
    assert comparison.off <= (0 if comparison.program.exact else 1e-12)
    assert comparison.program.exact == (loss != "Poisson")


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (CatBoostRegressor(**SMALL, grow_policy="Lossguide"), "that are not symmetric"),
        (CatBoostClassifier(**SMALL, loss_function="MultiClassOneVsAll"), "MultiClassOneVsAll"),
        (CatBoostClassifier(**SMALL, cat_features=("island",)), r"cat_features \(island\)"),
    ],
)
def test_what_is_not_read_says_why(model: Any, reason: str) -> None:  # noqa: ANN401 - likewise
    """A part of a line, for whoever chooses the runtime."""
    data = table(FEATURES[:1] + FEATURES[2:3])
    features = (FEATURES[0], FEATURES[2]) if "cat" in reason else (FEATURES[0],)
    labels = data.kinds if hasattr(model, "predict_proba") else data.numbers
    rows = data.rows[:, : len(features)]
    trained = fitted(clone(model), features, rows, labels)
    with pytest.raises(UnfitError, match=reason):
        read_program(trained, features, rows.tolist())


def test_its_own_columns_are_not_exported() -> None:
    """CatBoost would leave them out of its ONNX without a word."""
    features = (FEATURES[0], FEATURES[2])
    data = table(features)
    model = CatBoostClassifier(**SMALL, cat_features=("island",))
    trained = fitted(model, features, data.rows, data.kinds)
    with pytest.raises(UnfitError, match=r"takes numbers only, and this model has cat_features"):
        to_onnx(trained, 2, "iris", features)


@pytest.mark.parametrize("runtime", ["auto", "onnx", "joblib"])
@pytest.mark.parametrize("import_path", ["CatBoostClassifier", "CatBoostRegressor"])
def test_every_runtime_is_proven(tmp_path: Path, import_path: str, runtime: str) -> None:
    """Through all stages, cross-validation too, on a table with gaps; no folder is left behind."""
    label, gaps = "species", "NA"
    if import_path == "CatBoostRegressor":
        label = "body_mass_g"
    header, rows = penguins()
    rows = [row for row in rows if row[header.index(label)] != gaps]
    for row in rows:
        row[-1] = row[-1] or "FEMALE"
    data: dict[str, object] = {"label": label, "missing_values": [gaps]}
    project = project_of(tmp_path / "p", (header, rows), data, **{"serving.runtime": runtime})
    project.estimator(f"catboost.{import_path}", n_estimators=20)
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert card.runtime == {"auto": "compiled"}.get(runtime, runtime)
    assert card.parity.threshold_rows > 0
    assert card.libraries["catboost"]
    assert not list(project.root.rglob("catboost_info"))
    assert not Path("catboost_info").exists()


@pytest.mark.parametrize("runtime", ["compiled", "onnx", "joblib"])
def test_with_nothing_in_front(project: Project, runtime: str) -> None:
    """Of plain numbers: an unpickled model has forgotten how many columns it reads."""
    project.estimator("catboost.CatBoostClassifier", n_estimators=20)
    project.change({"golden": [], "serving.runtime": runtime})
    project.run("prepare", "train", "evaluate", "export")
    assert load_card(project.root / "models/model.json").runtime == runtime


def test_same_bytes_twice(project: Project) -> None:
    """The number that each run draws and the time at its end are no part of the pickle."""
    project.estimator("catboost.CatBoostClassifier", n_estimators=20)
    pickles = []
    for _ in range(2):
        project.run("prepare", "train")
        pickles.append((project.root / "models/model.pkl").read_bytes())
    assert pickles[0] == pickles[1]


def test_in_a_search(project: Project) -> None:
    """Each candidate is pinned too, and the best of them is exported."""
    inner = {"import_path": "catboost.CatBoostClassifier", "arguments": {"n_estimators": 10}}
    grid = {"depth": [2, 3]}
    project.estimator(
        "sklearn.model_selection.GridSearchCV", estimator=inner, param_grid=grid, cv=2
    )
    project.change({"golden": [], "serving.runtime": "onnx"})
    project.run("prepare", "train", "evaluate", "export")
    assert load_card(project.root / "models/model.json").runtime == "onnx"


def test_mapping_is_refused_before_the_fit(project: Project) -> None:
    """It could not be cloned for the folds; a list can be."""
    weights: Any = {0: 1.0, 1: 2.0, 2: 1.0}
    project.estimator("catboost.CatBoostClassifier", n_estimators=5, class_weights=weights)
    project.run("prepare")
    assert "class_weights: found a mapping, expected a list" in project.refused("train")
    project.estimator("catboost.CatBoostClassifier", n_estimators=5, class_weights=[1, 2, 1])
    project.run("train", "evaluate")


def test_its_own_categories_by_name(tmp_path: Path) -> None:
    """`cat_features` reach it as they are; joblib serves that, and nothing else does."""
    header, rows = penguins()
    for row in rows:
        row[-1] = row[-1] or "FEMALE"
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    project = project_of(tmp_path / "p", (header, rows), data)
    project.estimator(
        "catboost.CatBoostClassifier", n_estimators=10, cat_features=["island", "sex"]
    )
    project.run("prepare", "train", "evaluate")
    line = project.refused("export")
    assert "compiled: CatBoost with cat_features (island, sex) is not read" in line
    assert "onnx: CatBoost's own export to ONNX takes numbers only" in line
    assert "set serving.runtime: joblib in params.yaml" in line
    project.change({"serving.runtime": "joblib"})
    project.run("export")
    assert load_card(project.root / "models/model.json").runtime == "joblib"
