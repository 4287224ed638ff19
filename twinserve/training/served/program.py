"""A fitted estimator as what is compiled of it: its columns, then trees, sums, or a mixture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline

from twinserve.training.estimator import Classifier, UnfitError
from twinserve.training.frame import Column as Feature
from twinserve.training.served.columns import Codes, Column, request_columns
from twinserve.training.served.ensemble import Ensemble, read_ensemble
from twinserve.training.served.linear import Linear, read_linear
from twinserve.training.served.mixture import Members, read_members
from twinserve.training.served.steps.probe import GAP, UNKNOWN, Probe, dense, make_probe
from twinserve.training.served.steps.reading import transformed

# They read categories of a DataFrame by their codes; what is unknown as a gap, if they take it.
_NATIVE = ("lightgbm", "xgboost")
_OF_COLUMNS = (HistGradientBoostingClassifier, HistGradientBoostingRegressor)


@dataclass(frozen=True, slots=True)
class Program:
    """What an object computes.

    Attributes:
        features: of a request.
        columns: what the body reads; the request's own where there is no step in front. A mixture
            reads none: each of its parts has its own.
    """

    features: int
    columns: tuple[Column, ...]
    body: "Ensemble | Linear | Mixture"

    @property
    def exact(self) -> bool:
        """Whether it must answer to the last bit: no ``exp``, and sums in the estimator's order."""
        if isinstance(self.body, Mixture):
            # NumPy adds an average up in an order of its own.
            return self.body.kind != "average" and all(part.exact for part in self.body.parts)
        return isinstance(self.body, Ensemble) and not self.body.margins

    @property
    def summed(self) -> bool:
        """Whether a linear model is in it, whose sums have another order."""
        if isinstance(self.body, Mixture):
            return any(part.summed for part in self.body.parts)
        return isinstance(self.body, Linear)

    @property
    def single(self) -> bool:
        """Whether the estimator makes probabilities in float32, as XGBoost does."""
        if isinstance(self.body, Mixture):
            return any(part.single for part in self.body.parts)
        return isinstance(self.body, Ensemble) and self.body.single_sums and self.body.margins

    @property
    def nodes(self) -> int:
        """The number of nodes of all trees."""
        if isinstance(self.body, Mixture):
            return sum(part.nodes for part in self.body.parts)
        return len(self.body.feature) if isinstance(self.body, Ensemble) else 0


@dataclass(frozen=True, slots=True)
class Mixture:
    """Programs whose answers become one.

    Attributes:
        kind, weights, classes, places: as of ``Members``.
    """

    kind: str
    parts: tuple[Program, ...]
    weights: tuple[float, ...]
    classes: int
    places: tuple[tuple[int, ...], ...]


def read_program(
    classifier: Classifier,
    features: Sequence[Feature] = (),
    rows: Sequence[Sequence[Any]] = (),
) -> Program:
    """The estimator, through searches, through the steps of a Pipeline, and into its members.

    Args:
        classifier: fitted.
        features: of a request; numbers without gaps, if they are left out.
        rows: of the table, encoded.

    Raises:
        UnfitError: it, or a step in front of it, is of a kind that is not compiled.
    """
    width: int = classifier.n_features_in_  # type: ignore[attr-defined]
    columns = request_columns(int(width))
    if features:
        columns = tuple(
            Column(place, gaps=feature.missing, coded=feature.type == "category")
            for place, feature in enumerate(features)
        )
    return _read(classifier, len(columns), columns, make_probe(classifier, features, rows))


def _read(model: Any, width: int, columns: Sequence[Column], probe: Probe) -> Program:  # noqa: ANN401 - scikit-learn has no types
    while True:
        if isinstance(model, BaseSearchCV):
            model = model.best_estimator_
        elif type(model) is Pipeline:
            *before, (_, model) = model.steps
            for _, step in before:
                columns, probe = transformed(step, columns, probe)
        else:
            break
    members = read_members(model)
    if members is not None:
        return Program(width, (), _mixture(members, width, columns, probe))
    if type(model) in _OF_COLUMNS and model._preprocessor is not None:  # noqa: SLF001
        columns, probe = transformed(model._preprocessor, columns, probe)  # noqa: SLF001
    body = _read_body(model)
    natively = type(model).__module__.partition(".")[0] in _NATIVE
    return Program(width, tuple(_as_read(columns, probe, natively=natively)), body)


def _mixture(members: Members, width: int, columns: Sequence[Column], probe: Probe) -> Mixture:
    parts = []
    for number, estimator in enumerate(members.estimators):
        if members.columns is None:
            parts.append(_read(estimator, width, columns, probe))
        else:
            places = [int(place) for place in members.columns[number]]
            parts.append(
                _read(estimator, width, [columns[place] for place in places], probe.chosen(places))
            )
    return Mixture(
        members.kind, tuple(parts), members.weights, members.classes, tuple(members.places)
    )


def _as_read(columns: Sequence[Column], probe: Probe, *, natively: bool) -> list[Column]:
    """The columns as numbers: what is still a category becomes a table of what the model reads.

    Args:
        columns: behind all steps.
        probe: likewise.
        natively: the model reads categories of a DataFrame by their codes.
    """
    if not any(column.coded for column in columns):
        return list(columns)
    cells = dense(probe.frame)
    kinds = getattr(probe.frame, "dtypes", None)
    made = []
    for place, column in enumerate(columns):
        if not column.coded:
            made.append(column)
        elif natively and kinds is not None and str(kinds.iloc[place]) == "category":
            made.append(_natively(column, probe))
        else:
            made.append(_by_value(column, probe, cells[:, place]))
    return made


def _natively(column: Column, probe: Probe) -> Column:
    """As LightGBM and XGBoost read a category of a DataFrame: by its code."""
    known = [code for code in probe.rows[column.source] if code not in {UNKNOWN, GAP}]
    return column.looked_up(Codes(tuple(map(float, known)), np.nan, np.nan))


def _by_value(column: Column, probe: Probe, cells: Any) -> Column:  # noqa: ANN401 - an array
    try:
        return column.looked_up(probe.codes(column, cells))
    except (TypeError, ValueError):
        raise UnfitError(
            "the estimator reads a category that no step has made a number of"
        ) from None


def _read_body(model: Classifier) -> Ensemble | Linear:
    reasons = []
    for read in (read_ensemble, read_linear):
        try:
            return read(model)
        except UnfitError as reason:
            reasons.append(str(reason))
    # A linear model's own reason says more than that it has no trees.
    raise UnfitError(reasons[0] if "no linear" in reasons[1] else reasons[1])
