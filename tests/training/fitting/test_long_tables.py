"""What judging a model on a long table does with cores and rows."""

import threading
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from twinserve.training.evaluation import figures
from twinserve.training.fitting.cores import grows_many
from twinserve.training.prepared import Rows

FOREST = RandomForestClassifier(50, random_state=1)


def rows() -> Rows:
    """A seeded table."""
    return Rows(*make_classification(300, 5, flip_y=0.3, random_state=1))


@pytest.mark.parametrize(
    ("estimator", "many"),
    [
        (FOREST, True),
        (make_pipeline(StandardScaler(), FOREST), True),
        (GridSearchCV(FOREST, {"max_depth": [1]}), True),
        (RandomForestClassifier(5), False),
        (LogisticRegression(), False),
    ],
)
def test_what_grows_many_members_keeps_all_cores_busy(estimator: object, many: bool) -> None:  # noqa: FBT001
    """By itself or in a Pipeline or a search; a few trees, or none, do not."""
    assert grows_many(estimator) is many


def test_folds_in_turn_have_the_scores_of_folds_side_by_side(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And a forest is asked on one thread: on several its sums had any order."""
    asked = set()
    predict = RandomForestClassifier.predict_proba

    def noting(self: Any, *arguments: Any) -> Any:  # noqa: ANN401 - scikit-learn has no types
        asked.add(threading.get_ident())
        return predict(self, *arguments)

    monkeypatch.setattr(RandomForestClassifier, "predict_proba", noting)
    in_turn = figures.cross_validated(FOREST, rows(), 3, 1)
    assert asked == {threading.get_ident()}
    monkeypatch.setattr(figures, "grows_many", lambda _: False)
    assert in_turn == figures.cross_validated(FOREST, rows(), 3, 1)
    assert in_turn["accuracy_std"] > 0


@pytest.mark.parametrize("named", [False, True])
def test_importances_of_many_rows_are_taken_of_a_part(
    monkeypatch: pytest.MonkeyPatch,
    named: bool,  # noqa: FBT001
) -> None:
    """The same rows each time, in their order; where there are fewer, all."""
    whole = rows()
    if named:
        whole = Rows(pd.DataFrame(whole.features).rename(columns=str), whole.labels)
    assert whole.drawn(300, 1) is whole
    part = whole.drawn(40, 1)
    again = whole.drawn(40, 1)
    assert len(part.labels) == 40
    assert np.array_equal(part.features, again.features)
    monkeypatch.setattr(figures, "_MOST_SHUFFLED", 40)
    line = LogisticRegression().fit(whole.features, whole.labels)
    names = [str(place) for place in range(5)]
    assert figures.importances(line, whole, names, 1) == figures.importances(line, part, names, 1)
