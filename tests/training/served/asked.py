"""A table of every type, and an estimator's and its object's answers to the same encoded rows."""

import platform
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from tests.measure.fakes import card
from twinserve.config.card import Feature
from twinserve.inference.runtimes import compiled
from twinserve.training.frame import (
    estimator_input,
    guesses_unknown,
    names_columns,
    reads_names,
)
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.program import Program, read_program
from twinserve.training.served.source import write_source

UNKNOWN = -1.0
FEATURES = (
    Feature("width", "", 0, 1),
    Feature("depth", "", 0, 1, missing=True),
    Feature("island", "", 0, 3, type="category", values=("Biscoe", "Dream", "Übersee", "rare")),
    Feature("zone", "", 0, 2, type="category", values=(10, 20, 40), missing=True),
    Feature("tame", "", 0, 1, type="boolean", missing=True),
)
NUMBERS = FEATURES[:2]
PLAIN = (FEATURES[0], FEATURES[1]._replace(missing=False))


@dataclass(frozen=True)
class Table:
    """Encoded rows, and a label for each, of a classification or of a regression."""

    rows: Any
    kinds: Any
    numbers: Any


def cases(every: Iterable[str], *quick: str) -> list[Any]:
    """Names of cases to go through: those of each change, and the others at night."""
    night = pytest.mark.nightly
    return [pytest.param(name, marks=[] if name in quick else night) for name in every]


def table(features: Sequence[Feature] = FEATURES, count: int = 240, classes: int = 3) -> Table:
    """A seeded table; the last category of each is rare, and a fifth of some columns are gaps."""
    draw = np.random.default_rng(4)
    columns = []
    for feature in features:
        if feature.type == "category":
            shares = np.array([*[1.0] * (len(feature.values) - 1), 0.1])
            column = draw.choice(len(feature.values), count, p=shares / shares.sum()).astype(float)
        elif feature.type == "boolean":
            column = draw.integers(2, size=count).astype(float)
        else:
            column = draw.normal(size=count).round(2)
        if feature.missing:
            column = np.where(draw.random(count) < 0.2, np.nan, column)
        columns.append(column)
    rows = np.column_stack(columns)
    sums = np.nansum(rows * np.arange(1, len(features) + 1), axis=1) + draw.normal(size=count)
    kinds = np.digitize(sums, np.quantile(sums, np.arange(1, classes) / classes))
    return Table(rows, kinds, sums)


def asked_rows(features: Sequence[Feature], rows: Any, taken: Sequence[int]) -> Any:  # noqa: ANN401 - arrays
    """The table's rows, mixed ones around them, each category, what is unknown, and gaps.

    Args:
        features: of the rows.
        rows: encoded.
        taken: columns whose unknown categories the estimator takes.
    """
    draw = np.random.default_rng(7)
    mixed = rows[draw.integers(len(rows), size=(3_000, rows.shape[1])), np.arange(rows.shape[1])]
    for place, one in enumerate(features):
        some = draw.random(len(mixed)) < 0.3
        if one.type == "category":
            mixed[some, place] = draw.integers(len(one.values), size=some.sum())
            if place in taken:
                mixed[draw.random(len(mixed)) < 0.1, place] = UNKNOWN
        elif one.type == "number":
            values = np.unique(rows[~np.isnan(rows[:, place]), place])
            middle = values[:-1] / 2 + values[1:] / 2
            near = np.concatenate([middle, np.nextafter(middle, 9), middle.astype(np.float32)])
            mixed[some, place] = draw.choice(near, some.sum())
        if one.missing:
            mixed[draw.random(len(mixed)) < 0.1, place] = np.nan
    return np.concatenate([rows, mixed])


@dataclass(frozen=True)
class Compared:
    """Predictions and probabilities of the object (``served``) and of the estimator."""

    program: Program
    rows: Any
    served: Any
    served_shares: Any
    expected: Any
    expected_shares: Any

    @property
    def off(self) -> float:
        """The largest difference, relative to the estimator's where that is above 1."""
        pairs = [(self.served, self.expected)]
        if self.expected_shares is not None:
            pairs.append((self.served_shares, self.expected_shares))
        return max(
            float((np.abs(one - other) / np.maximum(1, np.abs(other))).max())
            for one, other in pairs
        )


def fitted(estimator: Any, features: Sequence[Feature], rows: Any, labels: Any) -> Any:  # noqa: ANN401 - scikit-learn has no types
    """The estimator, trained on what a stage would give it."""
    frame = estimator_input(rows, features, named=names_columns(estimator))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.fit(frame, labels)


def compared(
    estimator: Any,  # noqa: ANN401 - scikit-learn has no types
    features: Sequence[Feature],
    rows: Any,  # noqa: ANN401 - an array
    labels: Any,  # noqa: ANN401 - an array
) -> Compared:
    """Train, compile, and ask both."""
    estimator = fitted(estimator, features, rows, labels)
    program = read_program(estimator, features, rows.tolist())
    classes = [str(label) for label in getattr(estimator, "classes_", ())]
    own = card()._replace(features=list(features), classes=classes)
    model = compiled.load(compile_object(write_source(program), platform.machine()), own)
    named = reads_names(estimator)

    def frame(asked: Any) -> Any:  # noqa: ANN401 - an array
        return estimator_input(asked, features, named=named)

    asked = asked_rows(features, rows, [*_taken(estimator, features, rows, frame)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = np.asarray(estimator.predict(frame(asked))).ravel()
        shares = None
        if hasattr(estimator, "predict_proba"):
            shares = estimator.predict_proba(frame(asked))
    served, served_shares = model.scores(asked.tolist())
    for place in range(0, len(asked), 97):
        assert model.predict(asked[place].tolist()) == served[place]
    return Compared(
        program,
        asked,
        np.array(served),
        None if shares is None else np.array(served_shares),
        expected,
        shares,
    )


def _taken(estimator: Any, features: Sequence[Feature], rows: Any, frame: Any) -> Any:  # noqa: ANN401 - likewise
    """Columns whose unknown categories the estimator takes."""
    for place, one in enumerate(features):
        row = rows[:1].copy()
        row[:, place] = UNKNOWN
        if one.type == "category" and not guesses_unknown(estimator):
            try:
                estimator.predict(frame(row))
            except Exception:  # noqa: BLE001, S112 - an estimator refuses as it likes
                continue
            yield place
