"""Votes, means and medians of several models, compiled; models that tell labels only."""

from typing import Any

import pytest
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, RidgeClassifier, SGDClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from tests.training.served.asked import NUMBERS, PLAIN, cases, compared, table

TREES = [("deep", DecisionTreeClassifier(random_state=1)), ("forest", RandomForestClassifier(5))]
MIXED = [
    *TREES,
    ("line", make_pipeline(StandardScaler(), LogisticRegression())),
    ("boosted", HistGradientBoostingClassifier(max_iter=5)),
]
SOFT: dict[str, Any] = {
    "soft vote": VotingClassifier(MIXED, voting="soft"),
    "soft vote with weights": VotingClassifier(MIXED, voting="soft", weights=[1, 2, 0.5, 3]),
    "bagged lines": BaggingClassifier(LogisticRegression(), n_estimators=4, random_state=1),
    "bagged boosting": BaggingClassifier(
        HistGradientBoostingClassifier(max_iter=3), n_estimators=3, max_features=1, random_state=1
    ),
    "a vote in a vote": VotingClassifier(
        [("inner", VotingClassifier(TREES, voting="soft")), ("line", LogisticRegression())],
        voting="soft",
    ),
}
LABELS: dict[str, Any] = {
    "hard vote": VotingClassifier(MIXED),
    "hard vote of trees, with weights": VotingClassifier(
        [*TREES, ("stump", DecisionTreeClassifier(max_depth=1))], weights=[1, 1, 2.5]
    ),
    "support vectors": LinearSVC(),
    "ridge": RidgeClassifier(),
    "hinges": make_pipeline(StandardScaler(), SGDClassifier(random_state=1)),
}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", cases(SOFT, "soft vote with weights", "bagged boosting"))
def test_means_of_probabilities(name: str, classes: int) -> None:
    """Within 1e-12, labels equal."""
    data = table(PLAIN, classes=classes)
    comparison = compared(SOFT[name], PLAIN, data.rows, data.kinds)
    assert comparison.off <= 1e-12
    assert (comparison.served == comparison.expected).all()


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("name", cases(LABELS, "hard vote", "support vectors"))
def test_labels_without_probabilities(name: str, classes: int) -> None:
    """The class alone; nothing is said of its probability."""
    data = table(PLAIN, classes=classes)
    comparison = compared(LABELS[name], PLAIN, data.rows, data.kinds)
    assert (comparison.served == comparison.expected).all()
    assert comparison.expected_shares is None


def test_bagged_models_without_probabilities_vote() -> None:
    """Their shares of the votes are the probabilities, to the last bit."""
    data = table(PLAIN)
    bagged = BaggingClassifier(LinearSVC(), n_estimators=5, random_state=1)
    assert compared(bagged, PLAIN, data.rows, data.kinds).off == 0


def test_parts_read_gaps_in_their_own_way() -> None:
    """Each has its own steps and directions."""
    data = table(NUMBERS)
    vote = VotingClassifier([*TREES, MIXED[3]], voting="soft")
    assert compared(vote, NUMBERS, data.rows, data.kinds).off <= 1e-12


def test_mean_of_bagged_trees_in_a_bag() -> None:
    """Exact, as each tree is."""
    data = table(PLAIN)
    inner = BaggingRegressor(DecisionTreeRegressor(max_depth=3), n_estimators=3, random_state=1)
    outer = BaggingRegressor(inner, n_estimators=2, random_state=1)
    comparison = compared(outer, PLAIN, data.rows, data.numbers)
    assert comparison.program.exact
    assert comparison.off == 0
