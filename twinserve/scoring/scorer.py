"""Rows of cells to what the endpoints answer for them, with the bundle's own model and steps."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinserve.config.errors import UserError
from twinserve.inference.bundle import Bundle
from twinserve.inference.contract import finite
from twinserve.inference.model import load_model
from twinserve.inference.problem import Problem
from twinserve.inference.protocols.include import Include, read_words
from twinserve.inference.protocols.rows import Rows
from twinserve.inference.typed import reader_of as row_reader_of
from twinserve.scoring.cells import plain_numbers, reader_of, reader_of_kind
from twinserve.scoring.options import Options
from twinserve.scoring.results import (
    ANSWER,
    LABEL,
    PREDICTION,
    Results,
    probability_of,
    spread,
)
from twinserve.scoring.timing import Stages

if TYPE_CHECKING:
    from twinserve.inference.steps import Steps

Columns = Sequence[Sequence[str]]


class Scorer:
    """A bundle, opened to score rows.

    Attributes:
        needs: the file's columns that a row is read from, in the order in which ``score`` takes
            them.
        names: of the columns of results.
        whole: whether predictions are classes' numbers.
    """

    def __init__(self, directory: Path, options: Options) -> None:
        """Raises UserError: the bundle cannot be opened, or cannot give what is to be included."""
        self._bundle = Bundle(directory)
        card = self._card = self._bundle.card
        self._options = options
        steps = self._steps = _load_steps(directory, self._bundle)
        self._model = load_model(card, directory)
        self._rows = Rows(card, self._model, steps)
        self._include = self._asked()
        self.whole = card.target is None
        # ONNX Runtime adds up many rows otherwise than one: the last digit would be another.
        self._one_by_one = steps is not None or card.runtime == "onnx"
        features = {feature.name: feature for feature in card.features}
        fields = dict.fromkeys(features) if steps is None else steps.fields
        self.needs = list(fields)
        marks = options.format
        self._readers = [
            reader_of(features[name], marks)
            if steps is None or steps.row_type is None
            else reader_of_kind(kind, marks)
            for name, kind in fields.items()
        ]
        self.names = [PREDICTION, *self._names()]

    @property
    def bundle(self) -> str:
        """The bundle's hash."""
        return self._bundle.hash

    def score(self, columns: Columns, stages: Stages) -> Results:
        """The results of rows that are given as the cells of each column of ``needs``."""
        if not columns or not columns[0]:
            return Results([[] for _ in self.names], {})
        return (self._each if self._one_by_one else self._together)(columns, stages)

    def _together(self, columns: Columns, stages: Stages) -> Results:
        """Many rows in one call of the model."""
        count = len(columns[0])
        faults: dict[int, str] = {}
        with stages.timed("check"):
            rows, right = self._encoded(columns, faults)
        with stages.timed("predict"):
            predictions, shares = self._predicted(rows)
        if not self.whole:
            kept = [_finite(number) for number in predictions]
            faults |= {place: why for place, (_, why) in zip(right, kept, strict=True) if why}
            predictions = [number for number, _ in kept]
        members: list[Sequence[Any]] = [predictions]
        if self._include.label:
            members.append([self._card.classes[number] for number in predictions])
        if self._include.probabilities:
            members += zip(*shares, strict=True) if rows else [() for _ in self._card.classes]
        return Results([spread(count, right, column) for column in members], faults)

    def _predicted(self, rows: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
        if not rows:
            return (), ()
        if self._include.probabilities:
            return self._model.scores(rows)
        return self._model.predict_many(rows), ()

    def _encoded(self, columns: Columns, faults: dict[int, str]) -> tuple[list[Any], Sequence[int]]:
        """Rows as the model reads them, and their places; ``faults`` takes the others."""
        if self._card.plain and (numbers := plain_numbers(columns, self._options.format)):
            return list(zip(*numbers, strict=True)), range(len(columns[0]))
        encode = row_reader_of(self._card).encode
        rows, right = [], []
        for place, row in enumerate(self._read(columns)):
            try:
                rows.append(encode(list(row)))
                right.append(place)
            except Problem as problem:
                faults[place] = problem.detail
        return rows, right

    def _each(self, columns: Columns, stages: Stages) -> Results:
        """Row by row, by the endpoints' own code: a step sees one row at a time."""
        faults: dict[int, str] = {}
        right, results = [], []
        with stages.timed("predict row by row"):
            for place, row in enumerate(self._read(columns)):
                try:
                    results.append(self._answered(row))
                    right.append(place)
                except Problem as problem:
                    faults[place] = problem.detail
                except Exception as error:  # noqa: BLE001 - the user's own code, 500 when served
                    faults[place] = f"{type(error).__name__}: {error}"
        count = len(columns[0])
        by_member = zip(*results, strict=True) if results else [() for _ in self.names]
        return Results([spread(count, right, list(member)) for member in by_member], faults)

    def _answered(self, row: Sequence[Any]) -> list[Any]:
        """The members of one row's answer, in the order of ``names``."""
        required = self.needs if self._steps is None else self._steps.required
        pairs = zip(self.needs, row, strict=True)
        given = {name: value for name, value in pairs if value is not None or name in required}
        predicted = self._rows.predict_one(given, self._include)
        answer = self._rows.answer(predicted, self._include, 0)
        cells = [answer["prediction"]]
        if self._steps is not None and self._steps.after is not None:
            cells.append(json.dumps(answer, allow_nan=False))
        shares = predicted.shares[0] if self._include.probabilities else ()
        members = self._include.members(self._card, predicted.predictions[0], shares)
        if self._include.label:
            cells.append(members["label"])
        return [*cells, *members.get("probabilities", {}).values()]

    def _read(self, columns: Columns) -> Iterator[tuple[Any, ...]]:
        """Each row as a request would give it."""
        read = [
            list(map(reader, cells)) for reader, cells in zip(self._readers, columns, strict=True)
        ]
        return zip(*read, strict=True)

    def _names(self) -> list[str]:
        names = [ANSWER] if self._steps is not None and self._steps.after is not None else []
        names += [LABEL] * self._include.label
        return names + [*map(probability_of, self._card.classes)] * self._include.probabilities

    def _asked(self) -> Include:
        """The members to include: those asked for, else those that the endpoints include."""
        words = self._options.include
        try:
            return read_words(self._bundle.settings.include if words is None else words, self._card)
        except Problem as problem:
            raise UserError(f"--{problem.detail}") from None


def _load_steps(directory: Path, bundle: Bundle) -> "Steps | None":
    if "steps" not in bundle.settings.own:
        return None
    from twinserve.inference.steps import load_steps

    return load_steps(directory, bundle.card)


def _finite(number: float) -> tuple[float | None, str]:
    """A regression's number, or what is wrong with it."""
    try:
        finite(number)
    except Problem as problem:
        return None, problem.detail
    return number, ""
