"""A fitted classifier as what is compiled of it: its columns, then trees or sums of products."""

from dataclasses import dataclass
from typing import Any

from sklearn.model_selection._search import BaseSearchCV
from sklearn.pipeline import Pipeline

from twinserve.training.estimator import Classifier, UnfitError
from twinserve.training.served.columns import Column, request_columns, transformed
from twinserve.training.served.ensemble import Ensemble, read_ensemble
from twinserve.training.served.linear import Linear, read_linear


@dataclass(frozen=True, slots=True)
class Program:
    """What an object computes.

    Attributes:
        features: of a request.
        columns: what the body reads; the request's own where there is no step in front.
    """

    features: int
    columns: tuple[Column, ...]
    body: Ensemble | Linear

    @property
    def exact(self) -> bool:
        """Whether it must answer to the last bit: no ``exp``, and sums in the estimator's order."""
        return isinstance(self.body, Ensemble) and not self.body.margins


def read_program(classifier: Classifier) -> Program:
    """The classifier, through searches and through the steps of a Pipeline.

    Raises:
        UnfitError: it, or a step in front of it, is of a kind that is not compiled.
    """
    model: Any = classifier
    features = int(model.n_features_in_)
    columns = request_columns(features)
    while True:
        if isinstance(model, BaseSearchCV):
            model = model.best_estimator_
        elif type(model) is Pipeline:
            *before, (_, model) = model.steps
            for _, step in before:
                columns = transformed(step, columns)
        else:
            return Program(features, columns, _read_body(model))


def _read_body(model: Classifier) -> Ensemble | Linear:
    reasons = []
    for read in (read_ensemble, read_linear):
        try:
            return read(model)
        except UnfitError as reason:
            reasons.append(str(reason))
    # A linear model's own reason says more than that it has no trees.
    raise UnfitError(reasons[0] if "no linear" in reasons[1] else reasons[1])
