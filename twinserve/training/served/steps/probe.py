"""Rows that are sent through the fitted steps, to read off what becomes of each category.

A category has few values, so whatever a step makes of it is a table. The table is not reckoned
again here: the fitted step itself is asked, with the very kind of frame that it was fitted on.
"""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from twinserve.training.estimator import Classifier, UnfitError, first_line
from twinserve.training.frame import Column as Feature
from twinserve.training.frame import estimator_input, guesses_unknown, reads_names
from twinserve.training.served.columns import Codes, Column

UNKNOWN = -1
GAP = -2


@dataclass(frozen=True, slots=True)
class Probe:
    """A row of the table, then rows in which one category of it is another.

    Attributes:
        frame: as the next step reads it.
        rows: of each column of categories, the row of each code, of UNKNOWN and of GAP.
    """

    frame: Any
    rows: Mapping[int, Mapping[int, int]]

    def through(self, step: Any) -> "Probe":  # noqa: ANN401 - scikit-learn has no types
        """The rows behind a fitted step."""
        return Probe(step.transform(_copied(self.frame)), self.rows)

    def chosen(self, places: Sequence[int]) -> "Probe":
        """Some of the columns."""
        by_place = getattr(self.frame, "iloc", None)
        columns = list(places)
        frame = self.frame[:, columns] if by_place is None else by_place[:, columns]
        return Probe(frame, self.rows)

    def varied(self, place: int, values: Sequence[float]) -> Any:  # noqa: ANN401 - a frame
        """The first row as often as there are values of one column, which it is given."""
        first = [0] * len(values)
        if hasattr(self.frame, "iloc"):
            frame = self.frame.iloc[first].reset_index(drop=True)
            frame.isetitem(place, np.array(values))
            return frame
        frame = dense(self.frame)[first].copy()
        frame[:, place] = values
        return frame

    def codes(self, column: Column, cells: Sequence[Any]) -> Codes:
        """What became of each category, from the values of a column behind all steps."""
        rows = self.rows[column.source]

        def number(code: int) -> float:
            return float(cells[rows[code]]) if code in rows else np.nan

        known = range(1 + max(rows))
        return Codes(tuple(map(number, known)), number(UNKNOWN), number(GAP))


def make_probe(
    classifier: Classifier, features: Sequence[Feature], rows: Sequence[Sequence[Any]]
) -> Probe:
    """The rows to send through the steps of an estimator.

    Raises:
        UnfitError: a column is text, or the estimator refuses a category that it is to know.
    """
    if not features:
        return Probe(np.zeros((1, int(classifier.n_features_in_))), {})  # type: ignore[attr-defined]
    for feature in features:
        if feature.type == "text":
            raise UnfitError(f"{feature.name} is text, of which no table of its values can be made")
    asking = _Asking(classifier, features)
    base = next((list(row) for row in rows if not asking.refusal(row)), None)
    if base is None:
        raise UnfitError("the estimator takes no row of the table")
    asked = [base]
    places: dict[int, dict[int, int]] = {}
    for place, feature in enumerate(features):
        if feature.type != "category":
            continue
        places[place] = {}
        for code, row in asking.varied(base, place):
            places[place][code] = len(asked)
            asked.append(row)
    return Probe(asking.frame(asked), places)


class _Asking:
    """An estimator, asked for rows as it reads them."""

    def __init__(self, classifier: Classifier, features: Sequence[Feature]) -> None:
        self._classifier = classifier
        self._features = features
        self._named = reads_names(classifier)
        self._unknown = [] if guesses_unknown(classifier) else [UNKNOWN]

    def varied(self, base: list[Any], place: int) -> Iterator[tuple[int, list[Any]]]:
        """The row with each category of a column that the estimator takes.

        Raises:
            UnfitError: it refuses one of the column's own values.
        """
        feature = self._features[place]
        for code in (
            *range(len(feature.values)),
            *self._unknown,
            *([GAP] if feature.missing else []),
        ):
            row = [*base[:place], np.nan if code == GAP else float(code), *base[place + 1 :]]
            why = self.refusal(row)
            if not why:
                yield code, row
            elif code >= 0:
                raise UnfitError(
                    f"the estimator refuses {feature.name} = {feature.values[code]!r}, which no "
                    f"row that it was trained on has ({why})"
                )

    def frame(self, rows: Sequence[Sequence[Any]]) -> Any:  # noqa: ANN401 - an array or a DataFrame
        """Encoded rows as the estimator reads them."""
        return estimator_input(rows, self._features, named=self._named)

    def refusal(self, row: Sequence[Any]) -> str:
        """Why it refuses a row, or nothing."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._classifier.predict(self.frame([row]))
        except Exception as error:  # noqa: BLE001 - how an estimator refuses is its own
            return first_line(error) or "no reason"
        return ""


def dense(frame: Any) -> Any:  # noqa: ANN401 - an array, a sparse one or a DataFrame
    """The frame as an array."""
    return frame.toarray() if hasattr(frame, "toarray") else np.asarray(frame)


def _copied(frame: Any) -> Any:  # noqa: ANN401 - likewise
    # Some steps may be told to write to what they are given.
    return frame.copy()
