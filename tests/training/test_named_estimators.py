"""Estimators of other origins than scikit-learn's classes, and models that tell labels only."""

import json

import pytest

from tests.training.project import Project
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.training.estimator import load_class
from twinserve.training.fitting.pickled import read_pickled
from twinserve.training.loadable import check_loadable

OWN = """
import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin


class Widest(ClassifierMixin, BaseEstimator):
    '''By the length of the third column.'''

    def __init__(self, factor=1.0):
        self.factor = factor

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.n_features_in_ = x.shape[1]
        return self

    def predict_proba(self, x):
        near = -np.abs(np.asarray(x)[:, [2]] * self.factor - np.array([1.5, 4.3, 5.6]))
        shares = np.exp(near)
        return shares / shares.sum(axis=1, keepdims=True)

    def predict(self, x):
        return self.predict_proba(x).argmax(axis=1)
"""


def test_labels_only(project: Project) -> None:
    """A model without probabilities goes through all stages; its figures have no log loss."""
    project.estimator("sklearn.svm.LinearSVC")
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert card.runtime == "compiled"
    assert "log_loss" not in json.loads((project.root / "evaluation/metrics.json").read_text())


def test_gate_of_a_figure_that_is_not_there(project: Project) -> None:
    """A log loss cannot be asked of labels."""
    project.estimator("sklearn.svm.LinearSVC")
    project.change({"evaluation": {"gates": {"max_log_loss": 1.0}}})
    project.run("prepare", "train")
    line = project.refused("evaluate")
    assert "max_log_loss asks for what it cannot tell: the estimator gives" in line


def test_class_of_the_users_own(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named by its place in ``custom/``, trained, proven and pickled for the runtime joblib."""
    (project.root / "custom").mkdir()
    (project.root / "custom/widest.py").write_text(OWN)
    monkeypatch.syspath_prepend(project.root)
    project.estimator("custom.widest.Widest", factor=1.0)
    project.change({"serving.runtime": "joblib", "golden": []})
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert (card.runtime, card.parity.largest_difference) == ("joblib", 0.0)


def test_class_that_is_not_there(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line names the file."""
    monkeypatch.chdir(project.root)
    with pytest.raises(UserError, match=r"custom/absent\.py has no Model, or is not there"):
        load_class("custom.absent.Model")


def test_halving_search_and_functions_by_their_path(project: Project) -> None:
    """The best of the search is exported; a function is no class, and is not called."""
    tree = {"import_path": "sklearn.tree.DecisionTreeClassifier"}
    function = {"import_path": "numpy.square"}
    squares = {
        "import_path": "sklearn.preprocessing.FunctionTransformer",
        "arguments": {"func": function},
    }
    pipeline = {
        "import_path": "sklearn.pipeline.Pipeline",
        "arguments": {"steps": [["squares", squares], ["tree", tree]]},
    }
    project.estimator(
        "sklearn.model_selection.HalvingRandomSearchCV",
        estimator=pipeline,
        param_distributions={"tree__max_depth": [2, 3, 4]},
        min_resources=30,
        cv=2,
    )
    project.change({"golden": []})
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert (card.runtime, card.parity.largest_difference) == ("compiled", 0.0)


def test_bundle_that_could_not_load_the_model(evaluated: Project) -> None:
    """A package that a lock lacks is told before anything is exported."""
    lock = evaluated.root / "lock.txt"
    lock.write_text("joblib==1\nnumpy==2\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(evaluated.root)
        content = read_pickled()
    with pytest.raises(UserError, match=r"needs the package sklearn, which .*lock\.txt does not"):
        check_loadable(content, lock)
    lock.write_text("joblib==1\nnumpy==2\nscikit-learn==1\n")
    check_loadable(content, lock)
