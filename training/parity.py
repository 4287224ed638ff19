"""Proof that what is served answers as the estimator that was trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from config.card import Parity
from config.errors import UserError
from inference.model import Model
from training.estimator import Classifier

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-5
# Two probabilities, each off by the tolerance, can change places within twice of it.
NEAR_TIE = 2 * TOLERANCE
RANDOM_ROWS = 10_000
# How far random rows go beyond the observed range, on either side, as a part of it.
_MARGIN = 0.25
# A request is one row, another path through a runtime than a batch; it takes longer for each.
_SINGLE_TABLE_ROWS, _SINGLE_RANDOM_ROWS = 1_000, 200
# Past these, the last bits of one processor and another may differ.
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class _Answers:
    """What both sides say of the same rows."""

    rows: "NDArray[np.float64]"
    expected_labels: "NDArray[np.int64]"
    expected: "NDArray[np.float64]"
    served_labels: "NDArray[np.int64]"
    served: "NDArray[np.float64]"

    @property
    def gaps(self) -> "NDArray[np.float64]":
        """How far the estimator's top two classes are apart."""
        top = np.sort(self.expected, axis=1)
        return top[:, -1] - top[:, -2]


def prove_parity(
    classifier: Classifier, model: Model, table: Sequence[Sequence[float]], seed: int
) -> Parity:
    """Compare both on every row of the table and on seeded random rows.

    All rows are rounded to float32, because that is what a served request becomes.

    Raises:
        UserError: they differ; the message gives the worst row and both answers.
    """
    observed = np.asarray(table, dtype=np.float64)
    rows = np.concatenate([observed, random_rows(observed, seed)])
    rows = rows.astype(np.float32).astype(np.float64)
    answers = _ask(classifier, model, rows)
    differences = np.abs(answers.expected - answers.served).max(axis=1)
    # Written so that NaN counts as a difference.
    worst = int(np.argmax(np.where(np.isnan(differences), np.inf, differences)))
    if not differences[worst] <= TOLERANCE:
        raise _differ(answers, worst, len(observed), f"by {differences[worst]:.2g} in probability")
    gaps = answers.gaps
    _check_labels(answers, gaps, model, len(observed))
    return Parity(
        table_rows=len(observed),
        random_rows=len(rows) - len(observed),
        largest_difference=round(float(differences[worst]), _DIGITS),
        ties=int(np.count_nonzero(gaps == 0)),
        near_ties=int(np.count_nonzero((gaps > 0) & (gaps <= NEAR_TIE))),
    )


def random_rows(observed: "NDArray[np.float64]", seed: int) -> "NDArray[np.float64]":
    """Random rows in and around the observed range, shape (RANDOM_ROWS, features).

    Half put together observed values of each column, where the split points of trees lie; half
    are drawn evenly from the range and a margin beyond it.
    """
    draw = np.random.default_rng(seed)
    half, width = RANDOM_ROWS // 2, observed.shape[1]
    mixed = observed[draw.integers(len(observed), size=(half, width)), np.arange(width)]
    low, high = observed.min(axis=0), observed.max(axis=0)
    # A column with one value only has no range; its own size stands in.
    span = np.where(high > low, high - low, np.maximum(np.abs(low), 1))
    limit = float(np.finfo(np.float32).max)
    around = draw.uniform(
        np.maximum(low - _MARGIN * span, -limit),
        np.minimum(high + _MARGIN * span, limit),
        size=(RANDOM_ROWS - half, width),
    )
    return np.concatenate([mixed, around])


def _ask(classifier: Classifier, model: Model, rows: "NDArray[np.float64]") -> _Answers:
    labels, probabilities = model.scores(rows.tolist())
    served = np.asarray(probabilities, dtype=np.float64)
    expected = classifier.predict_proba(rows)
    if served.shape != expected.shape:
        raise UserError(
            f"parity: the served model gives probabilities of shape {served.shape}, "
            f"the estimator {expected.shape}"
        )
    return _Answers(rows, classifier.predict(rows), expected, np.asarray(labels), served)


def _check_labels(
    answers: _Answers, gaps: "NDArray[np.float64]", model: Model, table_rows: int
) -> None:
    clear = gaps > NEAR_TIE
    wrong = np.flatnonzero(clear & (answers.expected_labels != answers.served_labels))
    if wrong.size:
        raise _differ(answers, int(wrong[np.argmax(gaps[wrong])]), table_rows, "in class")
    step = -(-table_rows // _SINGLE_TABLE_ROWS)
    random = range(table_rows, len(answers.rows), RANDOM_ROWS // _SINGLE_RANDOM_ROWS)
    for place in (*range(0, table_rows, step), *random):
        single = model.predict(answers.rows[place].tolist())
        if clear[place] and single != answers.served_labels[place]:
            answers.served_labels[place] = single
            raise _differ(answers, place, table_rows, "in class, asked for this row alone,")


def _differ(answers: _Answers, place: int, table_rows: int, how: str) -> UserError:
    kind, number = ("table", place) if place < table_rows else ("random", place - table_rows)
    row = ", ".join(str(value) for value in answers.rows[place].astype(np.float32))
    return UserError(
        f"parity: the served model differs {how} from the estimator, worst on {kind} row "
        f"{number + 1}: [{row}]: the estimator gives class {answers.expected_labels[place]} of "
        f"{_listed(answers.expected[place])}, the served model class "
        f"{answers.served_labels[place]} of {_listed(answers.served[place])} (allowed: "
        f"{TOLERANCE:g}). Nothing is exported; set serving.runtime: joblib in params.yaml to serve "
        "the estimator itself"
    )


def _listed(probabilities: "NDArray[np.float64]") -> str:
    return "[" + ", ".join(f"{value:.7f}" for value in probabilities) + "]"
