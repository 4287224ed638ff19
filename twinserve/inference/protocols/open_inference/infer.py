"""Inference: a request's tensors become rows, and what the model says of them tensors again."""

import json
from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from twinserve.inference import contract
from twinserve.inference.asgi import Answer, prediction_answer
from twinserve.inference.contract import Problem
from twinserve.inference.protocols.faults import each
from twinserve.inference.protocols.include import Include
from twinserve.inference.protocols.open_inference.tensors import (
    INPUTS,
    columns_of,
    described,
    properties,
    rows_of,
)

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.protocols.predict import OtherForms
    from twinserve.inference.protocols.rows import Predicted

PREDICT, LABEL, PROBABILITIES = "predict", "label", "probabilities"


class Inference:
    """The model as the protocol knows it: tensors in, tensors out."""

    def __init__(self, card: "Card", forms: "OtherForms") -> None:
        self._card = card
        self._forms = forms
        self._columns = columns_of(card, forms.rows.steps)
        number = card.target is not None
        # Datatype and width of each output.
        self._outputs = {PREDICT: ("FP64" if number else "INT64", 0)}
        if not number:
            self._outputs[LABEL] = ("BYTES", 0)
            if forms.rows.has_probabilities:
                self._outputs[PROBABILITIES] = ("FP64", len(card.classes))

    def tensors(self) -> dict[str, Any]:
        """The inputs and outputs in the model's metadata."""
        outputs = [
            {"name": name, "datatype": datatype, "shape": [-1, width] if width else [-1]}
            for name, (datatype, width) in self._outputs.items()
        ]
        return {
            "inputs": described(self._columns),
            "outputs": outputs,
            **properties(self._columns),
        }

    def answer(self, body: bytes) -> Answer:
        """Answer a request for an inference.

        Raises:
            Problem: 400 or 422, it is none, or a row is refused.
        """
        asked = contract.read_json(body)
        given_id = asked.get("id")
        if given_id is not None and not isinstance(given_id, str):
            raise Problem(422, "id: expected a string")
        wanted = self._wanted(asked.get("outputs"))
        given = rows_of(asked.get(INPUTS), self._columns, self._forms.most_rows)
        include = Include(probabilities=PROBABILITIES in wanted)
        predicted = self._forms.rows.predict(given, include, INPUTS)
        values = self._values(predicted, include)
        self._forms.count(predicted)
        rows = len(predicted.predictions)
        answer = {"model_name": self._card.name, "model_version": self._card.version}
        if given_id is not None:
            answer["id"] = given_id
        content = {**answer, "outputs": [self._output(name, rows, values) for name in wanted]}
        return prediction_answer(
            json.dumps(content, allow_nan=False).encode(), predicted.cost_ms, None, None
        )

    def _wanted(self, outputs: object) -> list[str]:
        """The names of the outputs that are asked for; all of them if none is.

        Raises:
            Problem: 422, an output is none of the model's.
        """
        if not outputs:
            return list(self._outputs)
        if not isinstance(outputs, list) or not all(isinstance(one, dict) for one in outputs):
            raise Problem(422, "outputs: expected a list of objects")
        names = [one.get("name") for one in outputs]
        for name in names:
            if name not in self._outputs:
                known = ", ".join(self._outputs)
                raise Problem(422, f"outputs: {name!r:.60} is not known; known: {known}")
        return list(dict.fromkeys(names))

    def _values(self, predicted: "Predicted", include: Include) -> dict[str, Iterable[Any]]:
        """The values of each output, by its name."""
        rows, classes = self._forms.rows, self._card.classes
        places = range(len(predicted.predictions))
        answers = each(INPUTS, places, partial(rows.answer, predicted, include))
        values: dict[str, Iterable[Any]] = {PREDICT: [one["prediction"] for one in answers]}
        if classes:
            values[LABEL] = [classes[number] for number in predicted.predictions]
        values[PROBABILITIES] = chain.from_iterable(predicted.shares)
        return values

    def _output(self, name: str, rows: int, values: dict[str, Iterable[Any]]) -> dict[str, Any]:
        datatype, width = self._outputs[name]
        shape = [rows, width] if width else [rows]
        return {"name": name, "shape": shape, "datatype": datatype, "data": list(values[name])}
