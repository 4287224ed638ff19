"""The other forms of asking ``/predict``: with more than the prediction, and for many rows."""

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from twinserve.inference import contract
from twinserve.inference.asgi import Answer, Receive, prediction_answer
from twinserve.inference.contract import OtherForm, Problem, TooLarge
from twinserve.inference.problem import kind_of
from twinserve.inference.protocols.body import LongBodies
from twinserve.inference.protocols.faults import each
from twinserve.inference.protocols.include import (
    NOTHING,
    default_of,
    of_parameters,
    read_words,
    words_of,
)
from twinserve.inference.protocols.rows import Predicted, Rows

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.bundle import Settings
    from twinserve.inference.model import Model
    from twinserve.inference.monitor import Monitor
    from twinserve.inference.steps import Steps

INSTANCES = "instances"
# Of bodies that are longer than one row's, together.
LARGE_BYTES = 32 * 1024 * 1024


class OtherForms:
    """Answers them.

    Attributes:
        default: what an answer has beside the prediction where the request does not say.
    """

    def __init__(
        self,
        card: "Card",
        model: "Model",
        settings: "Settings",
        steps: "Steps | None",
        monitor: "Monitor | None",
    ) -> None:
        """Raises UserError: the settings ask for what the model has not."""
        self._card = card
        self._monitor = monitor
        self.rows = Rows(card, model, steps)
        self.most_rows = settings.max_rows
        limit = settings.max_batch_bytes
        self.bodies = LongBodies(limit, settings.max_body_bytes, max(1, LARGE_BYTES // limit))
        self.default = default_of(settings.include, card)

    words_of = staticmethod(words_of)

    def one(self, body: bytes, words: list[str] | None = None) -> Answer:
        """Answer one row with what the words ask for, or with what is the default.

        Raises:
            Problem: as of any request; 422, a word is not known.
        """
        given = contract.read_object(body)["features"]
        include = self.default if words is None else read_words(words, self._card)
        predicted = self.rows.predict_one(given, include)
        answer = self.rows.answer(predicted, include, 0)
        content = json.dumps(answer, allow_nan=False).encode()
        (prediction,), (features,) = predicted.predictions, predicted.features
        return prediction_answer(content, predicted.cost_ms, prediction, features)

    def many(self, other: OtherForm, query: bytes) -> Answer:
        """Answer a body that gives no row, but instances.

        Raises:
            Problem: it gives none of these either, or a row is refused.
        """
        asked = other.content
        if INSTANCES not in asked:
            raise other
        include = of_parameters(asked, self._card)
        if include is None:
            words = words_of(query)
            include = self.default if words is None else read_words(words, self._card)
        given = asked[INSTANCES]
        self._check(given)
        predicted = self.rows.predict(given, include, INSTANCES)
        predictions: Any = predicted.predictions
        steps = self.rows.steps
        if include != NOTHING or (steps is not None and steps.after is not None):
            places = range(len(predictions))
            answers = each(INSTANCES, places, partial(self.rows.answer, predicted, include))
            predictions = [_apart(complete) for complete in answers]
        elif self._card.target is not None:
            each(INSTANCES, predictions, contract.finite)
        self.count(predicted)
        answer = {"predictions": predictions, "model_version": self._card.version}
        content = json.dumps(answer, allow_nan=False).encode()
        return prediction_answer(content, predicted.cost_ms, None, None)

    async def long(
        self, receive: Receive, headers: dict[bytes, bytes], query: bytes, refused: TooLarge
    ) -> Answer:
        """Answer a body that is too long for a row, if it gives instances.

        Raises:
            Problem: 413, it does not.
        """
        body = await self.bodies.read_rows(receive, headers, refused)
        content = contract.read_json(body)
        if "features" in content or INSTANCES not in content:
            raise refused
        return self.many(OtherForm(content), query)

    def count(self, predicted: Predicted) -> None:
        """Tell the monitor of many rows."""
        if self._monitor is not None:
            self._monitor.note_rows(predicted.predictions, predicted.features)

    def _check(self, given: object) -> None:
        detail = ""
        if not isinstance(given, list):
            detail = f"{INSTANCES}: expected a list of rows, found {kind_of(given)}"
        elif len(given) > self.most_rows:
            detail = f"{INSTANCES}: expected at most {self.most_rows} rows, found {len(given)}"
        if detail:
            raise Problem(422, detail, errors=[{"pointer": f"#/{INSTANCES}", "detail": detail}])


def _apart(answer: dict[str, Any]) -> dict[str, Any]:
    """A row's answer without the model's version, which stands beside all rows' answers."""
    return {name: value for name, value in answer.items() if name != "model_version"}
