"""Parity where an estimator changes its answer: midpoints of the table, thresholds of trees."""

from typing import Any

import numpy as np
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris, make_classification
from sklearn.ensemble import (
    AdaBoostClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.tree import DecisionTreeClassifier

from tests.training.project import Project
from twinserve.config.card import load_card
from twinserve.training import export as exporting
from twinserve.training.export import load_as_served
from twinserve.training.served.preimages import estimator_thresholds
from twinserve.training.served.requests import midpoints as sampling
from twinserve.training.served.requests.midpoints import BASES, table_midpoints

X, Y = load_iris(return_X_y=True)
TREE = {"import_path": "sklearn.tree.DecisionTreeClassifier"}
FOREST = {"import_path": "sklearn.ensemble.RandomForestClassifier"}
STANDARD = "sklearn.preprocessing.StandardScaler"
MINMAX = "sklearn.preprocessing.MinMaxScaler"
SCALERS = [StandardScaler, MinMaxScaler, RobustScaler, PowerTransformer]


def scaled(scaler: str, model: dict[str, str]) -> dict[str, object]:
    steps = [["scale", {"import_path": scaler}], ["model", model]]
    return {"import_path": "sklearn.pipeline.Pipeline", "arguments": {"steps": steps}}


@pytest.mark.parametrize("model", [TREE, pytest.param(FOREST, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("scaler", [STANDARD, MINMAX])
def test_scaled_tree_is_compiled_with_its_scaler(
    evaluated: Project, scaler: str, model: dict[str, str]
) -> None:
    """So auto has a runtime for it, which is equal on every row where the answer changes."""
    evaluated.change({"estimator": scaled(scaler, model), "golden": []})
    evaluated.run("train", "evaluate", "export")
    card = load_card(evaluated.root / "models/model.json")
    assert (card.runtime, card.parity.largest_difference) == ("compiled", 0.0)
    assert card.parity.thresholds > 0


@pytest.mark.parametrize(
    ("runtime", "scaler", "model"),
    [
        ("onnx", STANDARD, TREE),
        ("onnx", MINMAX, FOREST),
        # Not compiled, since it is no arithmetic of single operations.
        ("auto", "sklearn.preprocessing.PowerTransformer", TREE),
    ],
)
def test_scaled_tree_by_onnx_is_refused_with_the_row(
    evaluated: Project, runtime: str, scaler: str, model: dict[str, str]
) -> None:
    """What skl2onnx makes of a scaler and a tree answers wrongly half-way between two values."""
    evaluated.change({"estimator": scaled(scaler, model), "serving.runtime": runtime, "golden": []})
    evaluated.run("train", "evaluate")
    line = evaluated.refused("export")
    assert "from the estimator, worst on " in line
    assert " row " in line
    assert "the estimator gives class" in line
    assert "set serving.runtime: joblib in params.yaml" in line
    if runtime == "auto":
        assert line.startswith("the estimator cannot be served as it is asked for; compiled: ")
        assert "; onnx: differs by " in line


def test_scaled_tree_is_served_by_joblib_and_proven(evaluated: Project) -> None:
    """The way out that the refusal names works; bounds and counts stand in the card."""
    changes = {"estimator": scaled(STANDARD, TREE), "serving.runtime": "joblib", "golden": []}
    evaluated.change(changes)
    evaluated.run("train", "evaluate", "export")
    parity = load_card(evaluated.root / "models/model.json").parity
    assert parity.midpoints == parity.midpoints_found == 119
    assert parity.midpoint_rows == 119 * BASES * sampling.VARIANTS
    assert parity.midpoints_bound == sampling.MOST_A_COLUMN
    assert 0 < parity.thresholds == parity.thresholds_found <= parity.thresholds_bound
    assert parity.threshold_rows == 5 * parity.thresholds
    assert parity.largest_difference == 0.0


def test_runtime_that_fails_the_proof_is_passed_over(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With auto the next runtime is taken, and the card says on which row the first one differs."""

    def turned(card: Any, artifact: bytes) -> Any:  # noqa: ANN401 - a model
        model = load_as_served(card, artifact)
        if card.runtime == "compiled":
            scores = model.scores
            wrong = lambda rows: (scores(rows)[0], [[0.0, 0.0, 1.0] for _ in rows])  # noqa: E731
            monkeypatch.setattr(model, "scores", wrong)
        return model

    monkeypatch.setattr(exporting, "load_as_served", turned)
    evaluated.run("export")
    card = load_card(evaluated.root / "models/model.json")
    assert card.runtime == "onnx"
    assert card.choice.passed_over["compiled"].startswith(
        "differs by 1 in probability from the estimator, worst on table row "
    )


def test_midpoints_of_each_column_and_their_neighbours() -> None:
    """Of every two neighbouring values, as sent and beside it, from rows on both of its sides."""
    observed = np.array([[0.1, 5.0], [0.2, 5.0], [0.7, 5.0]])
    midpoints = table_midpoints(observed, 1)
    assert (midpoints.asked, midpoints.total) == (2, 2)
    (rows,) = midpoints.rows(single=False)
    middle = 0.1 / 2 + 0.2 / 2
    near = np.float32(middle)
    other = np.nextafter(near, np.float32(np.inf if near < middle else -np.inf))
    expected = {middle, np.nextafter(middle, 0), np.nextafter(middle, 1), float(near), float(other)}
    assert len(expected) == sampling.VARIANTS
    assert expected <= set(rows[:, 0].tolist())
    (single,) = midpoints.rows(single=True)
    assert {middle, float(near), float(other)} <= set(single[:, 0].tolist())
    assert len(single) == 2 * 3 * BASES
    assert rows.tolist() == next(table_midpoints(observed, 1).rows(single=False)).tolist()


def test_over_the_bound_the_narrowest_gaps_and_a_sample() -> None:
    """A column of many values keeps its densest gaps; all columns together keep to a bound."""
    bound = sampling.MOST_A_COLUMN
    narrow = 1 + np.arange(bound // 2 + 1) * 1e-9
    column = np.concatenate([narrow, 2 + np.arange(5_000.0)])
    midpoints = table_midpoints(column[:, None], 1)
    assert (midpoints.asked, midpoints.bound, midpoints.total) == (bound, bound, len(column) - 1)
    under = column[midpoints.places[0][:, 0]]
    assert set(narrow[:-1]) <= set(under)
    assert len(set(under)) == bound
    wide = np.random.default_rng(1).normal(size=(300, 500))
    limited = table_midpoints(wide, 1)
    assert sum(map(len, limited.rows(single=False))) <= sampling.MOST_ROWS


@pytest.mark.parametrize("scaler", SCALERS)
@pytest.mark.parametrize(
    "kind",
    [
        DecisionTreeClassifier,
        pytest.param(HistGradientBoostingClassifier, marks=pytest.mark.nightly),
    ],
)
def test_rows_part_exactly_at_the_preimage(kind: Any, scaler: Any) -> None:  # noqa: ANN401 - classes
    """Under and over the number at which the tree changes its mind, float64's next numbers do."""
    x, y = make_classification(200, 5, random_state=1)
    pipeline = make_pipeline(scaler(), kind(random_state=1)).fit(x, y)
    thresholds = estimator_thresholds(pipeline, x, 1)
    assert thresholds.asked > 0
    rows = np.concatenate(list(thresholds.rows(single=False))).reshape(-1, 5, x.shape[1])
    assert len(rows) >= 0.9 * thresholds.asked
    last, first = rows[:, 0], rows[:, 4]
    assert (first == np.where(last == first, last, np.nextafter(last, np.inf))).all()
    if kind is DecisionTreeClassifier:
        left, right = (pipeline[-1].apply(pipeline[:-1].transform(end)) for end in (last, first))
        assert (left != right).all()
    else:
        left, right = (pipeline.decision_function(end) for end in (last, first))
        assert (left != right).mean() > 0.9


def test_trees_are_found_in_groups_too() -> None:
    """Members of a vote, of AdaBoost and of a calibration have thresholds like a tree alone."""
    pipeline = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=1))
    group = VotingClassifier(
        [("scaled", pipeline), ("forest", RandomForestClassifier(3, random_state=1))]
    )
    for estimator, least in (
        (group, 20),
        (CalibratedClassifierCV(pipeline, cv=2), 4),
        (AdaBoostClassifier(n_estimators=5, random_state=1), 5),
        (make_pipeline("passthrough", pipeline), 5),
    ):
        assert estimator_thresholds(estimator.fit(X, Y), X, 1).total >= least
    for without in (
        LogisticRegression(max_iter=1000),
        # A row as a whole, so no number of one column is at a threshold.
        make_pipeline(Normalizer(), DecisionTreeClassifier()),
    ):
        assert estimator_thresholds(without.fit(X, Y), X, 1).total == 0


def test_thresholds_over_the_bound_are_sampled() -> None:
    """So many of them, over all trees, the same ones each time."""
    forest = RandomForestClassifier(10, random_state=1).fit(X, Y)
    thresholds = estimator_thresholds(forest, X, 1, bound=30)
    assert thresholds.asked == thresholds.bound == 30 < thresholds.total
    rows = np.concatenate(list(thresholds.rows(single=True)))
    assert len(rows) == 3 * 30
    again = estimator_thresholds(forest, X, 1, bound=30).rows(single=True)
    assert rows.tolist() == np.concatenate(list(again)).tolist()
    assert estimator_thresholds(forest, X, 1, bound=0).asked == thresholds.total


def test_a_step_that_writes_to_its_input_changes_no_row() -> None:
    """StandardScaler(copy=False) scales in place; the table stays as it is."""
    scaler = StandardScaler(copy=False).fit(X.copy())
    pipeline = make_pipeline(scaler, DecisionTreeClassifier()).fit(X.copy(), Y)
    observed = X.copy()
    list(estimator_thresholds(pipeline, observed, 1).rows(single=True))
    assert observed.tolist() == X.tolist()
