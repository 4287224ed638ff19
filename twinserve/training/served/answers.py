"""What the estimator and the served model say of the same rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import is_regressor

from twinserve.config.card import Feature
from twinserve.config.errors import UserError
from twinserve.inference.model import Model
from twinserve.training.estimator import Classifier, tells_probabilities
from twinserve.training.frame import estimator_input, reads_names

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Answers:
    """What both sides say of the same rows; ``first`` is the number of the first of them."""

    kind: str
    first: int
    rows: "NDArray[np.float64]"
    expected_labels: "NDArray[np.int64]"
    expected: "NDArray[np.float64]"
    served_labels: "NDArray[np.int64]"
    served: "NDArray[np.float64]"

    @property
    def gaps(self) -> "NDArray[np.float64]":
        """How far the estimator's top two classes are apart."""
        if self.expected.shape[1] == 1:
            return np.full(len(self.expected), np.inf)
        top = np.sort(self.expected, axis=1)
        gaps: NDArray[np.float64] = top[:, -1] - top[:, -2]
        return gaps

    @property
    def relative(self) -> "NDArray[np.float64]":
        """The largest difference of each row.

        Relative to the estimator's where that is above 1, as only a regression's is.
        """
        differences = np.abs(self.expected - self.served) / np.maximum(1, np.abs(self.expected))
        largest: NDArray[np.float64] = differences.max(axis=1)
        return largest

    @property
    def differences(self) -> "NDArray[np.float64]":
        """The same, infinite where a figure is not a number."""
        return np.where(np.isnan(self.relative), np.inf, self.relative)


def ask(
    classifier: Classifier,
    model: Model,
    kind: str,
    first: int,
    rows: "NDArray[Any]",
    columns: Sequence[Feature] = (),
) -> Answers:
    """Ask both.

    Raises:
        UserError: they do not know the same number of classes.
    """
    labels, probabilities = model.scores(rows.tolist())
    served = np.asarray(probabilities, dtype=np.float64)
    asked: Any = rows
    if columns:
        asked = estimator_input(rows, columns, named=reads_names(classifier))
    if is_regressor(classifier):
        expected = np.asarray(classifier.predict(asked), dtype=np.float64).reshape(-1, 1)
        # What there is to compare is the number itself.
        same = np.zeros(len(rows), dtype=np.int64)
        return Answers(kind, first, rows, same, expected, same, served)
    if not tells_probabilities(classifier):
        predicted = classifier.predict(asked)
        margins = _margins(classifier, asked, predicted)
        # Labels are all that there is to compare; the margins say where they are near to a tie.
        return Answers(kind, first, rows, predicted, margins, np.asarray(labels), margins)
    expected = classifier.predict_proba(asked)
    if served.shape != expected.shape:
        raise UserError(
            f"parity: the served model gives probabilities of shape {served.shape}, "
            f"the estimator {expected.shape}"
        )
    return Answers(
        kind, first, rows, classifier.predict(asked), expected, np.asarray(labels), served
    )


def _margins(
    classifier: Any,  # noqa: ANN401 - scikit-learn has no types
    asked: Any,  # noqa: ANN401 - an array or a DataFrame
    predicted: "NDArray[np.int64]",
) -> "NDArray[np.float64]":
    """The figure that tells each class, shape (rows, classes); a hard vote has no ties to tell."""
    if not hasattr(classifier, "decision_function"):
        return np.eye(len(classifier.classes_))[predicted]
    margins = np.asarray(classifier.decision_function(asked), dtype=np.float64)
    return margins if margins.ndim > 1 else np.column_stack([np.zeros(len(margins)), margins])
