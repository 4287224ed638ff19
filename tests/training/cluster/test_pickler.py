"""A model's bytes do not tell in which process its members were fitted."""

import io
import pickle
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from twinserve.training.fitting.pickled import PROTOCOL
from twinserve.training.fitting.pickler import Pickler

ROWS = np.random.default_rng(3).normal(size=(60, 3))
LABELS = (ROWS[:, 0] > 0).astype(int)


def pickled(model: object, pickler: Any = Pickler) -> bytes:  # noqa: ANN401 - a class
    """What is kept of a model."""
    file = io.BytesIO()
    pickler(file, PROTOCOL).dump(model)
    return file.getvalue()


@pytest.mark.parametrize(
    "model",
    [
        RandomForestClassifier(3, random_state=1),
        RandomForestClassifier(3, random_state=1, criterion=str(b"entropy", "ascii")),
        BaggingClassifier(DecisionTreeClassifier(), 3, random_state=1),
        BaggingClassifier(RandomForestClassifier(2), 2, random_state=1),
    ],
    ids=["forest", "text", "bagging", "nested"],
)
def test_members_from_elsewhere_give_the_same_bytes(model: Any) -> None:  # noqa: ANN401 - an estimator
    """Each of them a copy through a pickle, as another process sends it."""
    model.fit(ROWS, LABELS)
    expected = pickled(model)
    model.estimators_ = [pickle.loads(pickle.dumps(tree, 5)) for tree in model.estimators_]  # noqa: S301 - made here
    assert pickled(model, joblib.numpy_pickle.NumpyPickler) != expected
    assert pickled(model) == expected


def test_bytes_of_one_process_are_joblibs_own() -> None:
    """Nothing changes for a model whose members share what they share."""
    model = RandomForestClassifier(3, random_state=1).fit(ROWS, LABELS)
    assert pickled(model) == pickled(model, joblib.numpy_pickle.NumpyPickler)


def test_what_lies_between_fields_is_left_out() -> None:
    """A copy of a record has there what was in memory before it."""
    records = np.zeros(4, dtype=np.dtype([("flag", "u1"), ("number", "f8")], align=True))
    spoilt = np.frombuffer(b"\xff" * records.nbytes, dtype=records.dtype).copy()
    for name in ("flag", "number"):
        spoilt[name] = records[name]
    spoilt.view("u1")[1] = 7
    assert spoilt.tobytes() != records.tobytes()
    assert pickled(spoilt) == pickled(records)
