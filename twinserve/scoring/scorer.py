"""Rows of cells to what the endpoints answer for them, with the bundle's own model and steps."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.config.errors import UserError
from twinserve.inference.bundle import Bundle
from twinserve.inference.contract import finite
from twinserve.inference.model import load_model
from twinserve.inference.problem import Problem
from twinserve.inference.typed import reader_of as row_reader_of
from twinserve.scoring.cells import plain_numbers, reader_of, reader_of_kind
from twinserve.scoring.options import LABEL, PROBABILITIES, Options
from twinserve.scoring.results import ANSWER, PREDICTION, Results, probability_of, spread
from twinserve.scoring.timing import Stages

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.steps import Steps

Columns = Sequence[Sequence[str]]


class Scorer:
    """A bundle, opened to score rows.

    Attributes:
        needs: the file's columns that a row is read from, in the order in which ``score`` takes
            them.
        names: of the columns of results.
    """

    def __init__(self, directory: Path, options: Options) -> None:
        """Raises UserError: the bundle cannot be opened, or cannot give what is to be included."""
        self._bundle = Bundle(directory)
        card = self._card = self._bundle.card
        self._options = options
        self._check_include(card)
        self._steps = _load_steps(directory, card, self._bundle.settings.own)
        self._model = load_model(card, directory)
        marks = options.format
        if self._steps is None:
            self.needs = [feature.name for feature in card.features]
            self._readers = [reader_of(feature, marks) for feature in card.features]
        else:
            kinds, features = self._steps.fields, {one.name: one for one in card.features}
            self.needs = list(kinds)
            self._readers = [
                reader_of(features[name], marks)
                if self._steps.row_type is None
                else reader_of_kind(kind, marks)
                for name, kind in kinds.items()
            ]
        self.names = [PREDICTION, *self._included()]

    @property
    def bundle(self) -> str:
        """Its hash."""
        return self._bundle.hash

    @property
    def model(self) -> str:
        """Name and version."""
        return f"{self._card.name} {self._card.version}"

    @property
    def whole(self) -> bool:
        """Whether predictions are classes' numbers."""
        return self._card.task == "classification"

    def score(self, columns: Columns, stages: Stages) -> Results:
        """The results of rows that are given as the cells of each column of ``needs``."""
        if not columns or not columns[0]:
            return Results([[] for _ in self.names], {})
        if self._steps is not None:
            return self._through_steps(self._steps, columns, stages)
        count, faults = len(columns[0]), {}
        with stages.timed("check"):
            rows, right = self._encoded(columns, faults)
        with stages.timed("predict"):
            predictions, shares = self._model.scores(rows) if rows else ([], [])
        if self._card.task == "regression":
            kept = [_finite(number) for number in predictions]
            for place, (_, fault) in zip(right, kept, strict=True):
                if fault:
                    faults[place] = fault
            predictions = [number for number, _ in kept]
        found = [predictions, *self._more(predictions, shares)]
        return Results([spread(count, right, column) for column in found], faults)

    def _encoded(self, columns: Columns, faults: dict[int, str]) -> tuple[list[Any], Sequence[int]]:
        """Rows as the model reads them, and their places; ``faults`` takes the others."""
        if self._card.plain and (numbers := plain_numbers(columns, self._options.format)):
            return list(zip(*numbers, strict=True)), range(len(columns[0]))
        encode = row_reader_of(self._card).encode
        values = [
            list(map(read, cells)) for read, cells in zip(self._readers, columns, strict=True)
        ]
        rows, right = [], []
        for place, row in enumerate(zip(*values, strict=True)):
            try:
                rows.append(encode(list(row)))
                right.append(place)
            except Problem as problem:
                faults[place] = problem.detail
        return rows, right

    def _through_steps(self, steps: "Steps", columns: Columns, stages: Stages) -> Results:
        """Row by row, as the endpoints do: a step sees one row at a time."""
        faults: dict[int, str] = {}
        right, found = [], []
        values = [
            list(map(read, cells)) for read, cells in zip(self._readers, columns, strict=True)
        ]
        with stages.timed("steps and predict"):
            for place, row in enumerate(zip(*values, strict=True)):
                try:
                    found.append(self._answered(steps, row))
                    right.append(place)
                except Problem as problem:
                    faults[place] = problem.detail
                except Exception as error:  # noqa: BLE001 - the user's own code, 500 when served
                    faults[place] = f"{type(error).__name__}: {error}"
        count = len(columns[0])
        by_member = zip(*found, strict=True) if found else [[] for _ in self.names]
        return Results([spread(count, right, list(one)) for one in by_member], faults)

    def _answered(self, steps: "Steps", row: Sequence[Any]) -> list[Any]:
        """The members of one row's answer, in the order of ``names``."""
        given = {
            name: value
            for name, value in zip(self.needs, row, strict=True)
            if value is not None or name in steps.required
        }
        # Through JSON, as a request: what is not a value is refused by the same words.
        body = json.dumps({"features": {name: _sent(value) for name, value in given.items()}})
        read = steps.read(body.encode())
        features = steps.features(read)
        prediction, content = steps.answer(read, features, self._model)
        answer = json.loads(content)
        found = [answer["prediction"]]
        if steps.after is not None:
            found.append(content.decode())
        if self._options.include:
            (shares,) = self._model.scores([features])[1]
            found += [one[0] for one in self._more([prediction], [shares])]
        return found

    def _more(self, predictions: Sequence[Any], shares: Sequence[Sequence[float]]) -> list[Any]:
        """The columns that are included, beside the prediction."""
        include, classes = self._options.include, self._card.classes
        found: list[Any] = []
        if LABEL in include:
            found.append([classes[int(number)] for number in predictions])
        if PROBABILITIES in include:
            if len(shares) and not len(shares[0]):
                raise UserError(
                    f"--include: {PROBABILITIES}: this model tells labels only; leave them out"
                )
            found += zip(*shares, strict=True) if len(shares) else [[] for _ in classes]
        return found

    def _included(self) -> list[str]:
        names = [ANSWER] if self._steps is not None and self._steps.after is not None else []
        for word in self._options.include:
            names += [LABEL] if word == LABEL else map(probability_of, self._card.classes)
        return names

    def _check_include(self, card: "Card") -> None:
        if self._options.include and card.task == "regression":
            raise UserError(
                f"--include: {', '.join(self._options.include)}: {card.name} {card.version} is a "
                "regression, which has neither; leave --include out"
            )


def _load_steps(directory: Path, card: "Card", own: frozenset[str]) -> "Steps | None":
    if "steps" not in own:
        return None
    from twinserve.inference.steps import load_steps

    return load_steps(directory, card)


def _finite(number: float) -> tuple[float | None, str]:
    """A regression's number, or what is wrong with it."""
    try:
        finite(number)
    except Problem as problem:
        return None, problem.detail
    return number, ""


def _sent(value: Any) -> Any:  # noqa: ANN401 - JSON
    """A value as JSON can hold it; an infinite number has no form there and is refused as text."""
    if isinstance(value, float) and value - value != 0:
        return str(value)
    return value
