"""The proof of parity, held against models that are wrong on purpose."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from twinserve.config.card import Parity
from twinserve.config.errors import UserError
from twinserve.inference.model import Model
from twinserve.training.served.parity import (
    CLOSE,
    EXACT,
    ParityTolerance,
    prove_parity,
)
from twinserve.training.served.requests.drawn import RANDOM_ROWS, random_rows
from twinserve.training.served.requests.midpoints import BASES
from twinserve.training.served.requests.thresholds import neighbours

if TYPE_CHECKING:
    from twinserve.training.estimator import Classifier

TABLE = [[0.1, 5.0], [0.2, 5.0], [0.7, 5.0], [0.9, 5.0]]


class FakeClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Class 1 with the probability that the first feature gives, cut to 0…1."""

    def predict_proba(self, x: Sequence[Sequence[float]]) -> "np.ndarray[tuple[int, int]]":
        """Two columns."""
        first = np.clip(np.asarray(x)[:, 0], 0, 1)
        return np.column_stack([1 - first, first])

    def predict(self, x: Sequence[Sequence[float]]) -> "np.ndarray[tuple[int]]":
        """The likelier one."""
        return np.asarray(self.predict_proba(x).argmax(axis=1))


class FakeModel:
    """Answers as the classifier does, but for what a test changes."""

    def predict(self, features: Sequence[float]) -> int:
        """One row."""
        return self.scores([features])[0][0]

    def predict_many(self, rows: Sequence[Sequence[float]]) -> list[int]:
        """Many rows' classes alone."""
        return self.scores(rows)[0]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
        """Many rows."""
        fake = FakeClassifier()
        return fake.predict(rows).tolist(), fake.predict_proba(rows).tolist()


def prove(
    model: Model, table: Sequence[Sequence[float]] = TABLE, bound: ParityTolerance = CLOSE
) -> Parity:
    return prove_parity(cast("Classifier", FakeClassifier()), model, table, 1, bound)


def refusal(
    model: Model, bound: ParityTolerance = CLOSE, table: Sequence[Sequence[float]] = TABLE
) -> str:
    with pytest.raises(UserError) as refused:
        prove(model, table, bound)
    return str(refused.value)


def test_equal_models_pass_and_rows_are_counted() -> None:
    """Every row of the table and every random row; no difference."""
    parity = prove(FakeModel())
    assert (parity.table_rows, parity.random_rows) == (4, RANDOM_ROWS)
    # Three gaps of the first column: the midpoint and its two neighbours in float32.
    assert (parity.midpoint_rows, parity.threshold_rows) == (3 * 3 * BASES, 0)
    assert (parity.tolerance, parity.largest_difference, parity.ties) == (1e-5, 0.0, 0)


def test_ties_are_counted() -> None:
    """Equal top classes are ties, nearly equal ones near-ties; a label may go either way there."""

    class OtherWay(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            close = [abs(one - other) < 1e-5 for one, other in probabilities]
            return [label ^ tie for label, tie in zip(labels, close, strict=True)], probabilities

    table = [*TABLE, [0.5, 5.0], [0.500002, 5.0]]
    parity = prove(OtherWay(), table)
    assert parity.ties > 0
    assert parity.near_ties > 0
    assert parity.ties + parity.near_ties < RANDOM_ROWS / 2


@pytest.mark.parametrize("wrong", [0.25, float("nan")])
def test_worst_row_is_named(wrong: float) -> None:
    """The row that differs most is given with its numbers and both answers."""

    class Wrong(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            probabilities[1][0] += 1e-3
            probabilities[2][0] += wrong
            return labels, probabilities

    shown = f"{0.3 + wrong:.7f}"
    expected = (
        f"parity: the served model differs by {wrong:.2g} in probability from the estimator, worst "
        "on table row 3: [0.7, 5.0]: the estimator gives class 1 of [0.3000000, 0.7000000], the "
        f"served model class 1 of [{shown}, 0.7000000] (allowed: 1e-05). Nothing is exported; set "
        "serving.runtime: joblib in params.yaml to serve the estimator itself"
    )
    assert expected == refusal(Wrong())


def test_difference_on_a_random_row_only() -> None:
    """A model that is right on the table and wrong beyond it does not pass."""

    class Wrong(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            for row, both in zip(rows, probabilities, strict=True):
                both[0] += 0.1 * (row[0] > 0.9)
            return labels, probabilities

    assert " worst on random row " in refusal(Wrong())


def test_wrong_label_with_right_probabilities() -> None:
    """Labels are compared too."""

    class Wrong(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            labels[3] = 0
            return labels, probabilities

    assert "differs in class from the estimator, worst on table row 4: [0.9" in refusal(Wrong())


def test_single_row_is_asked_too() -> None:
    """A request is one row; that path must agree as well."""

    class Wrong(FakeModel):
        def predict(self, features: Sequence[float]) -> int:
            return super().predict(features) if features[0] < 0.15 else 0

    message = refusal(Wrong())
    assert "in class, asked for this row alone, from the estimator, worst on table row 3" in message
    assert "the served model class 0 of" in message


def test_every_row_at_a_midpoint_is_asked_alone() -> None:
    """A model that answers a single row otherwise at one number only does not pass."""
    # So many that only some of them would be asked, were they random ones.
    table = [[place / 100, 5.0] for place in range(40)]
    under, _ = neighbours(np.array([0.10 / 2 + 0.11 / 2]), single=True)

    class Wrong(FakeModel):
        def predict(self, features: Sequence[float]) -> int:
            return super().predict(features) ^ (features[0] == float(under[0]))

    message = refusal(Wrong(), table=table)
    assert "in class, asked for this row alone, from the estimator, worst on midpoint" in message


def test_shape_of_the_probabilities() -> None:
    """A model with another number of classes is refused before numbers are compared."""

    class Wrong(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            return labels, [[*both, 0.0] for both in probabilities]

    message = refusal(Wrong())
    assert "probabilities of shape (4, 3), the estimator (4, 2)" in message


def test_exact_bar_takes_no_difference_at_all() -> None:
    """The last bit of one probability, or the label of an exact tie, is refused."""

    class LastBit(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            probabilities[0][1] = float(np.nextafter(probabilities[0][1], 1))
            return labels, probabilities

    class Tie(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            labels, probabilities = super().scores(rows)
            ties = [one == other for one, other in probabilities]
            return [label ^ tie for label, tie in zip(labels, ties, strict=True)], probabilities

    assert prove(LastBit()).largest_difference == 1e-7
    assert "in probability from the estimator, worst on table row 1" in refusal(LastBit(), EXACT)
    table = [[0.3, 1.0], [0.7, 1.0]]
    assert prove(Tie(), table).ties == BASES
    assert "in class from the estimator, worst on midpoint row 1" in refusal(Tie(), EXACT, table)


def test_rows_are_rounded_only_for_a_runtime_that_does() -> None:
    """What reads float64 is asked in float64."""
    asked: list[float] = []

    class Noting(FakeModel):
        def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
            asked.extend(row[0] for row in rows)
            return super().scores(rows)

    prove(Noting(), bound=CLOSE)
    assert asked[0] == float(np.float32(0.1)) != 0.1
    asked.clear()
    prove(Noting(), bound=EXACT)
    assert asked[0] == 0.1


def test_random_rows_lie_in_and_around_the_range() -> None:
    """Half recombine what was observed, half reach a quarter of the range beyond it."""
    observed = np.array([[0.0, 7.0], [1.0, 7.0], [4.0, 7.0]])
    rows = random_rows(observed, 1)
    assert rows.shape == (RANDOM_ROWS, 2)
    mixed, around = np.split(rows, 2)
    assert set(mixed[:, 0]) == {0.0, 1.0, 4.0}
    assert set(mixed[:, 1]) == {7.0}
    assert -1 <= around[:, 0].min() < -0.9
    assert 4.9 < around[:, 0].max() <= 5
    # A column that never varies gets a margin of its own size.
    assert 5.25 <= around[:, 1].min() < 5.5
    assert rows.tolist() == random_rows(observed, 1).tolist()
    assert rows.tolist() != random_rows(observed, 2).tolist()


def test_random_rows_stay_in_float32() -> None:
    """At the end of float32's range there is no margin left."""
    limit = float(np.finfo(np.float32).max)
    rows = random_rows(np.array([[-limit], [limit]]), 1)
    assert np.isfinite(rows.astype(np.float32)).all()
