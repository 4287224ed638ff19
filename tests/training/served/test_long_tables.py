"""Ensembles that have grown on long tables: embedded tables, a forest asked in parts, a sample."""

import json
import platform
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)

from tests.measure.fakes import card
from tests.training.project import Project
from tests.training.served.asked import FEATURES, NUMBERS, PLAIN, asked_rows, fitted, table
from twinserve.inference.runtimes import compiled
from twinserve.training.served import answers, parity
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.program import read_program
from twinserve.training.served.source import write_source
from twinserve.training.served.trees.nodes import _distinct
from twinserve.training.served.writing import trees

VOTE = VotingClassifier(
    [
        ("forest", RandomForestClassifier(5, random_state=1)),
        ("other", ExtraTreesClassifier(5, random_state=1)),
    ],
    voting="soft",
)


@pytest.mark.parametrize(
    ("estimator", "features", "files"),
    [
        (RandomForestClassifier(9, random_state=1), PLAIN, ["nodes.bin", "values.bin"]),
        (RandomForestRegressor(9, random_state=1), NUMBERS, ["nodes.bin", "values.bin"]),
        (HistGradientBoostingClassifier(max_iter=9), FEATURES, ["nodes.bin", "values.bin"]),
        (HistGradientBoostingRegressor(max_iter=9), PLAIN, ["nodes.bin", "values.bin"]),
        (VOTE, PLAIN, [f"{kind}_{n}.bin" for n in range(2) for kind in ("nodes", "values")]),
    ],
    ids=["float32", "gaps", "categories", "float64", "parts"],
)
def test_embedded_tables_answer_as_those_in_the_source(
    monkeypatch: pytest.MonkeyPatch,
    estimator: Any,  # noqa: ANN401 - scikit-learn has no types
    features: Any,  # noqa: ANN401 - columns
    files: list[str],
) -> None:
    """To the last bit, whatever a node holds; the source beside them is short."""
    data = table(features)
    labels = data.numbers if "Regressor" in type(estimator).__name__ else data.kinds
    program = read_program(fitted(estimator, features, data.rows, labels), features, data.rows)
    rows = asked_rows(features, data.rows, []).tolist()
    classes = [str(label) for label in getattr(estimator, "classes_", ())]
    own = card()._replace(features=list(features), classes=classes)
    monkeypatch.setattr(trees, "_MANY_NODES", 1)
    tables: dict[str, bytes] = {}
    source = write_source(program, tables)
    assert sorted(tables) == sorted(files)
    assert len(source) < len(write_source(program))
    machine = platform.machine()
    embedded = compiled.load(compile_object(source, machine, tables=tables), own)
    spelt = compiled.load(compile_object(write_source(program), machine), own)
    assert embedded.scores(rows) == spelt.scores(rows)


@pytest.mark.parametrize("kind", [RandomForestClassifier, ExtraTreesClassifier])
def test_forest_asked_once_says_what_it_says(kind: Any) -> None:  # noqa: ANN401 - a class
    """Shares to the last bit, and the labels that its own `predict` gives, ties included."""
    rows, kinds = make_classification(600, 6, n_informative=4, n_classes=3, random_state=1)
    forest = kind(4, random_state=1).fit(rows, kinds + 7)
    shares, labels = answers.told(forest, rows + 0.3)
    assert (shares == forest.predict_proba(rows + 0.3)).all()
    assert (labels == forest.predict(rows + 0.3)).all()
    top = np.sort(shares)
    assert (top[:, -1] == top[:, -2]).any(), "no tie to be told right"


def test_thresholds_beyond_the_bound_are_sampled_and_the_card_says_so(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A forest of millions of splits is not asked for days; sources of its tables are kept."""
    monkeypatch.setattr(parity, "EXACT", replace(parity.EXACT, thresholds=50))
    monkeypatch.setattr("twinserve.training.served.serving.EXACT", parity.EXACT)
    monkeypatch.setattr(trees, "_MANY_NODES", 1)
    evaluated.run("export")
    found = json.loads((evaluated.root / "models/model.json").read_text())["parity"]
    assert found["thresholds"] == found["thresholds_bound"] == 50 < found["thresholds_found"]
    assert found["threshold_rows"] == 150
    served = {path.name for path in (evaluated.root / "models/served").iterdir()}
    assert served == {"model.so", "model.c", "nodes.bin", "values.bin"}


def test_of_a_huge_ensemble_a_part_of_the_rows_is_asked_alone(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of each block as many as are told; all are asked together as before."""
    monkeypatch.setattr("twinserve.training.served.serving._HUGE", 0)
    monkeypatch.setattr("twinserve.training.served.serving._FEW", 3)
    alone = []
    predict = compiled.CompiledModel.predict

    def noting(self: Any, features: Any) -> int:  # noqa: ANN401 - a row
        alone.append(features)
        return predict(self, features)

    monkeypatch.setattr(compiled.CompiledModel, "predict", noting)
    evaluated.run("export")
    parity = json.loads((evaluated.root / "models/model.json").read_text())["parity"]
    assert parity["random_rows"] == 100_000
    blocks = sum(-(-parity[f"{one}_rows"] // 10_000) for one in ("table", "random", "midpoint"))
    assert 3 * blocks <= len(alone) < 1_000


@pytest.mark.parametrize(
    "rows",
    [
        np.random.default_rng(1).integers(0, 3, (500, 3)).astype(float),
        np.random.default_rng(2).normal(size=(90, 1)),
        np.array([[0.0, -0.0], [-0.0, 0.0], [1.0, 2.0]]),
    ],
    ids=["few of many", "each another", "signs of nothing"],
)
def test_leaves_are_shared_as_numpy_shares_them(rows: Any) -> None:  # noqa: ANN401 - an array
    """The same rows in the same order: no byte of an artifact changes."""
    values, places = np.unique(rows, axis=0, return_inverse=True)
    found, of_each = _distinct(rows)
    assert found.tobytes() == values.tobytes()
    assert (of_each == places.ravel()).all()
