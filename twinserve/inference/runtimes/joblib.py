"""The trained estimator itself, unpickled only when chosen and only after its hash was checked."""

import io
from collections.abc import Sequence
from typing import Any

import joblib

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.inference.runtimes.frame import estimator_input, restore


class EstimatorModel:
    """A scikit-learn classifier whose classes are 0, 1, … in the order of the card, or a regressor.

    Columns of other kinds than plain numbers, or that the estimator names, reach it in a DataFrame.
    """

    def __init__(self, estimator: Any, card: Card) -> None:  # noqa: ANN401 - scikit-learn ships no types
        self._estimator = estimator
        self._columns = card.features
        self._named = hasattr(estimator, "feature_names_in_")
        self._regression = card.task == "regression"

    def predict(self, features: Sequence[Any]) -> Any:  # noqa: ANN401 - by the card's task
        """See ``twinserve.inference.model.Model``."""
        return self._estimator.predict(self._read((features,))).item()

    def predict_many(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """See ``twinserve.inference.model.Model``."""
        predictions: list[Any] = self._estimator.predict(self._read(rows)).ravel().tolist()
        return predictions

    def scores(self, rows: Sequence[Sequence[Any]]) -> tuple[list[float], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        table = self._read(rows)
        predictions = self._estimator.predict(table).ravel()
        if self._regression:
            return predictions.tolist(), predictions[:, None].tolist()
        if not hasattr(self._estimator, "predict_proba"):
            return predictions.tolist(), [[] for _ in rows]
        return predictions.tolist(), self._estimator.predict_proba(table).tolist()

    def _read(self, rows: Sequence[Sequence[Any]]) -> Any:  # noqa: ANN401 - an array or a DataFrame
        return estimator_input(rows, self._columns, named=self._named)


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
    restore(estimator)
    if estimator.n_features_in_ != len(card.features):
        msg = (
            f"{card.served} takes {estimator.n_features_in_} features, "
            f"the model card names {len(card.features)}"
        )
        raise UserError(msg)
    return EstimatorModel(estimator, card)
