"""The trained estimator itself, unpickled only when chosen and only after its hash was checked."""

import io
from collections.abc import Sequence
from typing import Any

import joblib
import numpy as np

from twinserve.config.card import Card
from twinserve.config.errors import UserError


class EstimatorModel:
    """A scikit-learn classifier whose classes are 0, 1, … in the order of the card."""

    def __init__(self, estimator: Any) -> None:  # noqa: ANN401 - scikit-learn ships no types
        self._estimator = estimator

    def predict(self, features: Sequence[float]) -> int:
        """See ``twinserve.inference.model.Model``."""
        return int(self._estimator.predict(np.asarray((features,), dtype=np.float64))[0])

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        table = np.asarray(rows, dtype=np.float64)
        return (
            self._estimator.predict(table).tolist(),
            self._estimator.predict_proba(table).tolist(),
        )


def load(artifact: bytes, card: Card) -> EstimatorModel:
    """Unpickle the artifact.

    Raises:
        UserError: it cannot be unpickled, or it was trained for another number of features.
    """
    try:
        estimator = joblib.load(io.BytesIO(artifact))
    except Exception as error:  # noqa: BLE001 - a broken pickle raises anything
        msg = f"{card.served}: joblib cannot load it: {error}"
        raise UserError(msg) from None
    if estimator.n_features_in_ != len(card.features):
        msg = (
            f"{card.served} takes {estimator.n_features_in_} features, "
            f"the model card names {len(card.features)}"
        )
        raise UserError(msg)
    return EstimatorModel(estimator)
