"""Requests whose answer is known, held against the estimator and what is served.

Each is a request: where there are steps of the user's own, it goes through them.
"""

import json
from collections.abc import Sequence
from typing import Any

from twinserve.config.card import GoldenCase
from twinserve.config.errors import UserError
from twinserve.config.params import Params
from twinserve.inference.contract import Problem
from twinserve.inference.model import Model
from twinserve.inference.steps import Steps
from twinserve.training.estimator import Classifier
from twinserve.training.table import Table


def golden_cases(
    params: Params,
    table: Table,
    classifier: Classifier,
    model: Model,
    steps: Steps | None = None,
) -> list[GoldenCase]:
    """The cases of ``params.yaml``; without any, for each class a row that is predicted rightly.

    Raises:
        UserError: the estimator or what is served answers otherwise.
    """
    if not params.golden:
        return [
            _first_right(params, table, classifier, model, number, steps)
            for number in range(len(params.data.classes))
        ]
    cases = [GoldenCase(case.features, case.prediction) for case in params.golden]
    for position, case in enumerate(cases):
        where = f"params.yaml: golden[{position}]"
        try:
            row, answered = _served(case.features, model, steps)
        except (Problem, TypeError) as error:
            raise UserError(f"{where}: {error}") from None
        found = {"the served model": model.predict(row)}
        found = {"the estimator": int(classifier.predict([row])[0])} | found
        if steps is not None and steps.after is not None:
            # It may say another class than the model, which is held to the estimator alone then.
            _hold(params, where, case, found, found["the served model"])
            found = {"the served model, with custom/steps.py,": answered}
        _hold(params, where, case, found, case.prediction)
    return cases


def _hold(
    params: Params, where: str, case: GoldenCase, found: dict[str, int], expected: int
) -> None:
    names = params.data.classes
    for who, number in found.items():
        if number != expected:
            raise UserError(
                f"{where}: {who} predicts {number} ({names[number]}) for {case.features}, expected "
                f"{expected} ({names[expected]})"
            )


def _served(sent: Any, model: Model, steps: Steps | None) -> tuple[Sequence[float], int]:  # noqa: ANN401 - any JSON
    """What the model reads of a request, and the class in the answer.

    Raises:
        Problem: it is refused.
        TypeError: a step gives what it must not.
    """
    if steps is None:
        if not isinstance(sent, list):
            raise TypeError("features by name are for before() of custom/steps.py; there is none")
        return sent, model.predict(sent)
    row = steps.read(json.dumps({"features": sent}).encode())
    features = steps.features(row)
    _, answer = steps.answer(row, features, model)
    return features, int(json.loads(answer)["prediction"])


def _first_right(
    params: Params,
    table: Table,
    classifier: Classifier,
    model: Model,
    number: int,
    steps: Steps | None,
) -> GoldenCase:
    own = [row for row, one in zip(table.sent, table.classes, strict=True) if one == number]
    try:
        served = [_served(row, model, steps) for row in own]
    except (Problem, TypeError) as error:
        raise UserError(
            f"custom/steps.py: a row of the table is no request here ({error}); give golden cases "
            "in params.yaml, by name"
        ) from None
    estimated = classifier.predict([features for features, _ in served])
    for row, one, (_, answered) in zip(own, estimated, served, strict=True):
        if int(one) == number == answered:
            return GoldenCase(row, number)
    raise UserError(
        f"golden: no row of class {params.data.classes[number]!r} is predicted rightly; "
        "change the estimator, or give golden cases in params.yaml"
    )
