"""Rows, given to the model in one call."""

import time
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from twinserve.inference import contract
from twinserve.inference.contract import FLOAT32_MAX, Problem
from twinserve.inference.protocols.faults import each

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.model import Model
    from twinserve.inference.protocols.include import Include
    from twinserve.inference.steps import Row, Steps


class Predicted(NamedTuple):
    """What the model says of rows.

    Attributes:
        predictions: of each row the class's number, or a regression's.
        shares: of each row the classes' probabilities, if they were asked for.
        cost_ms: what the model took.
        features: the encoded rows.
        sent: where steps of the user's own read them, the rows by name, as they were sent.
    """

    predictions: Sequence[Any] = ()
    shares: Sequence[Sequence[float]] = ()
    cost_ms: float = 0.0
    features: Sequence[list[Any]] = ()
    sent: "Sequence[Row]" = ()


class Rows:
    """Predicts rows of a request, with the user's own steps around the model."""

    def __init__(self, card: "Card", model: "Model", steps: "Steps | None") -> None:
        self._card = card
        self._model = model
        self.steps = steps
        self._width = len(card.features)

    def predict_one(self, given: object, include: "Include") -> Predicted:
        """What the model says of the row that a request gives as its features.

        Raises:
            Problem: it is refused as it is where nothing is included.
        """
        if self.steps is None:
            return self._ask([contract.check_features(given, self._card)], (), include)
        row = self.steps.row(given)
        return self._ask([self.steps.features(row)], [row], include)

    def predict(self, given: Sequence[Any], include: "Include", rows: str) -> Predicted:
        """What the model says of rows; ``rows`` is the member of the body that has them.

        Raises:
            Problem: a row is refused.
        """
        if not given:
            return Predicted()
        if self.steps is None:
            return self._ask(self._encoded(given, rows), (), include)
        sent = each(rows, given, self.steps.row)
        return self._ask(each(rows, sent, self.steps.features), sent, include)

    def answer(self, predicted: Predicted, include: "Include", place: int) -> dict[str, Any]:
        """The whole answer to one of the rows.

        Raises:
            Problem: a step refuses it, or what the model gives is no number that JSON can hold.
        """
        prediction = predicted.predictions[place]
        shares = predicted.shares[place] if predicted.shares else ()
        if self._card.target is not None:
            contract.finite(prediction)
        elif sum(shares) - sum(shares) != 0:
            raise Problem(422, "the model gives probabilities that are no finite numbers")
        included = include.members(self._card, prediction, shares)
        if self.steps is None:
            return {"prediction": prediction, "model_version": self._card.version, **included}
        return self.steps.complete(predicted.sent[place], prediction, shares, included)

    def _ask(
        self, features: Sequence[list[Any]], sent: "Sequence[Row]", include: "Include"
    ) -> Predicted:
        steps = self.steps
        shares: Sequence[Sequence[float]] = ()
        began = time.perf_counter_ns()
        if include.probabilities or (steps is not None and steps.with_probabilities):
            predictions, shares = self._model.scores(features)
        else:
            predictions = self._model.predict_many(features)
        cost = (time.perf_counter_ns() - began) / 1e6
        return Predicted(predictions, shares, cost, features, sent)

    def _encoded(self, given: Sequence[Any], rows: str) -> Sequence[list[Any]]:
        """The encoded rows; lists of plain numbers are looked at together."""
        card, width = self._card, self._width
        if card.plain and all(type(row) is list and len(row) == width for row in given):
            values = list(chain.from_iterable(given))
            if set(map(type, values)) == {float} and (
                min(values) >= -FLOAT32_MAX and max(values) <= FLOAT32_MAX
            ):
                return given
        return each(rows, given, lambda row: contract.check_features(row, card))
