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
from twinserve.inference.protocols.open_inference.binary import fill_in, json_part
from twinserve.inference.protocols.open_inference.tensors import (
    INPUTS,
    check_parameters,
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


def outputs_of(card: "Card") -> dict[str, tuple[str, int]]:
    """The model's outputs by name: the datatype, and how many values a row has, 0 of one alone."""
    if card.target is not None:
        return {PREDICT: ("FP64", 0)}
    outputs = {PREDICT: ("INT64", 0), LABEL: ("BYTES", 0)}
    if card.with_probabilities:
        outputs[PROBABILITIES] = ("FP64", len(card.classes))
    return outputs


class Inference:
    """The model as the protocol knows it: tensors in, tensors out."""

    def __init__(self, card: "Card", forms: "OtherForms") -> None:
        self._card = card
        self._forms = forms
        self._columns = columns_of(card, forms.rows.steps)
        self._outputs = outputs_of(card)

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

    def answer(self, body: bytes, json_length: bytes | None = None) -> Answer:
        """Answer a request for an inference; the length is of its JSON, if tensors follow it.

        Raises:
            Problem: 400 or 422, it is none, or a row is refused.
        """
        content, tensors = (body, b"") if json_length is None else json_part(body, json_length)
        asked = contract.read_json(content)
        if json_length is not None:
            fill_in(asked.get(INPUTS), tensors)
        given_id = asked.get("id")
        if given_id is not None and not isinstance(given_id, str):
            raise Problem(422, "id: expected a string")
        check_parameters(asked, "")
        wanted = self._wanted(asked.get("outputs"))
        given = self._rows(asked.get(INPUTS))
        include = Include(probabilities=PROBABILITIES in wanted)
        predicted = self._forms.rows.predict(given, include, INPUTS)
        values = self._values(predicted, include)
        self._forms.count(predicted)
        rows = len(predicted.predictions)
        answer: dict[str, Any] = {
            "model_name": self._card.name,
            "model_version": self._card.version,
        }
        if given_id is not None:
            answer["id"] = given_id
        answer["outputs"] = [self._output(name, rows, values) for name in wanted]
        encoded = json.dumps(answer, allow_nan=False).encode()
        return prediction_answer(encoded, predicted.cost_ms, None, None)

    def _rows(self, inputs: object) -> list[Any]:
        """The rows that the tensors give, as a request gives them."""
        rows = rows_of(inputs, self._columns, self._forms.most_rows)
        steps = self._forms.rows.steps
        if steps is None or steps.row_type is None:
            return rows
        # A field that may be missing is left out where its tensor has a gap.
        names = [(column.name, column.missing) for column in self._columns]
        return [
            {
                name: value
                for (name, missing), value in zip(names, row, strict=True)
                if value is not None or not missing
            }
            for row in rows
        ]

    def _wanted(self, outputs: object) -> list[str]:
        """The names of the outputs that are asked for; all of them if none is.

        Raises:
            Problem: 422, an output is none of the model's.
        """
        if outputs is None:
            return list(self._outputs)
        if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
            raise Problem(422, "outputs: expected a list of objects")
        for output in outputs:
            check_parameters(output, "outputs: ")
        names = [output.get("name") for output in outputs]
        for name in names:
            if not isinstance(name, str) or name not in self._outputs:
                known = ", ".join(self._outputs)
                raise Problem(422, f"outputs: {name!r:.60} is not known; known: {known}")
        return list(dict.fromkeys(names)) or list(self._outputs)

    def _values(self, predicted: "Predicted", include: Include) -> dict[str, Iterable[Any]]:
        """The values of each output, by its name."""
        rows, classes = self._forms.rows, self._card.classes
        places = range(len(predicted.predictions))
        answers = each(INPUTS, places, partial(rows.answer, predicted, include))
        values: dict[str, Iterable[Any]] = {PREDICT: [answer["prediction"] for answer in answers]}
        if classes:
            values[LABEL] = [classes[number] for number in predicted.predictions]
        values[PROBABILITIES] = chain.from_iterable(predicted.shares)
        return values

    def _output(self, name: str, rows: int, values: dict[str, Iterable[Any]]) -> dict[str, Any]:
        datatype, width = self._outputs[name]
        shape = [rows, width] if width else [rows]
        return {"name": name, "shape": shape, "datatype": datatype, "data": list(values[name])}
