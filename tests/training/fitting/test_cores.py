"""Fits on all cores: the same bytes on one, two or four; and searches, whose times are left out."""

import io
import json
from typing import Any

import joblib
import pytest
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from tests.training.project import Project
from twinserve.training.fitting import cores
from twinserve.training.fitting.cores import fitting, side_by_side

FOREST = RandomForestClassifier(8, random_state=1)
TREE = "sklearn.tree.DecisionTreeClassifier"


@pytest.mark.parametrize(
    "estimator",
    [
        FOREST,
        make_pipeline(StandardScaler(), FOREST),
        BaggingClassifier(DecisionTreeClassifier(), 6, random_state=1),
        VotingClassifier([("forest", FOREST), ("line", LogisticRegression())]),
    ],
    ids=["forest", "pipeline", "bagging", "vote"],
)
def test_number_of_cores_changes_no_byte(
    monkeypatch: pytest.MonkeyPatch,
    estimator: Any,  # noqa: ANN401 - scikit-learn has no types
) -> None:
    """Each member has its seed before the threads begin."""
    rows, labels = make_classification(300, 6, random_state=1)
    pickles = set()
    for jobs in (1, 2, 4):
        monkeypatch.setattr(cores, "_jobs", lambda _, jobs=jobs: jobs)
        with fitting(estimator):
            fitted = clone(estimator).fit(rows, labels)
        pickled = io.BytesIO()
        joblib.dump(fitted, pickled, protocol=5)
        pickles.add(pickled.getvalue())
    assert len(pickles) == 1


@pytest.mark.parametrize(
    ("estimator", "jobs"),
    [
        (FOREST, -1),
        (make_pipeline(StandardScaler(), FOREST), -1),
        (HistGradientBoostingClassifier(), 1),
        (make_pipeline(StandardScaler(), HistGradientBoostingClassifier()), 1),
        (AdaBoostClassifier(FOREST), 1),
    ],
)
def test_what_adds_up_in_threads_keeps_to_one(estimator: object, jobs: int) -> None:
    """Its sums would have another order, and other last digits, beside others."""
    with side_by_side(estimator) as found:
        assert jobs == found


@pytest.mark.parametrize("search", ["GridSearchCV", "HalvingRandomSearchCV"])
def test_search_is_exported_and_drawn(project: Project, search: str) -> None:
    """The best candidate is compiled; the same bytes twice; each try is in a plot and its table."""
    grid = "param_grid" if search == "GridSearchCV" else "param_distributions"
    project.change({"golden": [], "evaluation.folds": 2})
    project.estimator(
        f"sklearn.model_selection.{search}",
        estimator={"import_path": TREE},
        **{grid: {"max_depth": [1, 2, 3]}},
    )
    project.run("prepare", "train")
    before = (project.root / "models/model.pkl").read_bytes()
    project.run("train")
    assert before == (project.root / "models/model.pkl").read_bytes()
    project.run("evaluate", "export")
    card = json.loads((project.root / "models/model.json").read_text())
    assert card["runtime"] == "compiled"
    evaluation = project.root / "evaluation"
    header, *rows = (evaluation / "plots/search.csv").read_text().splitlines()
    assert header == "candidate,score,spread,arguments"
    assert len(rows) >= 3
    assert "max_depth" in rows[0]
    assert (evaluation / "pictures/search.png").read_bytes().startswith(b"\x89PNG")


def test_folds_and_importances_can_be_left_out(project: Project) -> None:
    """Both are fits and predictions many times over, which a large table may not be worth."""
    project.change({"evaluation.folds": 0, "evaluation.importances": False})
    project.run("prepare", "train", "evaluate")
    metrics = json.loads((project.root / "evaluation/metrics.json").read_text())
    assert "accuracy" in metrics
    assert "cross_validation" not in metrics
    plots = project.root / "evaluation"
    assert (plots / "plots/importances.csv").read_text() == "feature,importance,spread\n"
    assert not (plots / "pictures/importances.png").exists()
    project.change({"evaluation.folds": 1})
    with pytest.raises(Exception, match="expected at least 2, or 0 for no cross-validation"):
        project.run("evaluate")
