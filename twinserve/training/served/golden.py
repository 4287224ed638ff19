"""Requests whose answer is known, held against the estimator and what is served."""

from twinserve.config.card import GoldenCase
from twinserve.config.errors import UserError
from twinserve.config.params import Params
from twinserve.inference.model import Model
from twinserve.training.estimator import Classifier
from twinserve.training.table import Table


def golden_cases(
    params: Params, table: Table, classifier: Classifier, model: Model
) -> list[GoldenCase]:
    """The cases of ``params.yaml``; without any, for each class a row that is predicted rightly.

    Raises:
        UserError: the estimator or the served model answers otherwise.
    """
    if not params.golden:
        return [
            _first_right(params, table, classifier, model, number)
            for number in range(len(params.data.classes))
        ]
    cases = [GoldenCase(case.features, case.prediction) for case in params.golden]
    for position, case in enumerate(cases):
        estimated = int(classifier.predict([case.features])[0])
        served = model.predict(case.features)
        for who, found in (("the estimator", estimated), ("the served model", served)):
            if found != case.prediction:
                names = params.data.classes
                raise UserError(
                    f"params.yaml: golden[{position}]: {who} predicts {found} ({names[found]}) for "
                    f"{case.features}, expected {case.prediction} ({names[case.prediction]})"
                )
    return cases


def _first_right(
    params: Params, table: Table, classifier: Classifier, model: Model, number: int
) -> GoldenCase:
    own = [row for row, one in zip(table.rows, table.classes, strict=True) if one == number]
    for row, estimated in zip(own, classifier.predict(own), strict=True):
        if estimated == number == model.predict(row):
            return GoldenCase(row, number)
    raise UserError(
        f"golden: no row of class {params.data.classes[number]!r} is predicted rightly; "
        "change the estimator, or give golden cases in params.yaml"
    )
