"""Requests whose answer is known, held against the estimator and what is served.

Each is a request: where there are steps of the user's own, it goes through them.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from twinserve.config.card import Card, Feature, GoldenCase
from twinserve.config.errors import UserError
from twinserve.config.params import Params
from twinserve.inference.contract import Problem, check_features, read_object
from twinserve.inference.model import Model
from twinserve.inference.steps import Steps
from twinserve.inference.typed import UNKNOWN, RowReader
from twinserve.training.estimator import Classifier
from twinserve.training.frame import estimator_input, guesses_unknown, reads_names
from twinserve.training.table import Table

# Of a regression without cases in params.yaml: rows at these parts of the label's order.
_PARTS = (0.1, 0.5, 0.9)
# Rows of a class that are asked together.
_AT_ONCE = 100


def golden_cases(
    params: Params,
    table: Table,
    classifier: Classifier,
    model: Model,
    card: Card,
    steps: Steps | None = None,
) -> list[GoldenCase]:
    """The cases of ``params.yaml``; without any, rows of the table.

    Of each class one that is predicted rightly, if there is any; of a regression a low, a middle
    and a high one.

    Raises:
        UserError: the estimator or what is served answers otherwise.
    """
    if not params.golden:
        return _of_table(params, table, classifier, model, card, steps)
    cases = []
    for position, given in enumerate(params.golden):
        where = f"params.yaml: golden[{position}]"
        case = GoldenCase(given.features, _prediction(params, given.prediction))
        try:
            row, answered = _served(case.features, model, card, steps)
        except (Problem, TypeError) as error:
            raise UserError(f"{where}: {error}") from None
        numbers: dict[str, float] = {"the estimator": _estimated(classifier, card, [row])[0]}
        numbers |= {"the served model": model.predict(row)}
        off = _tolerance(params, given.tolerance, case.prediction)
        if steps is not None and steps.after is not None:
            # It may say another class than the model, which is held to the estimator alone then.
            _hold(params, where, case, numbers, numbers["the served model"], off)
            numbers = {"the served model, with custom/steps.py,": answered}
        _hold(params, where, case, numbers, case.prediction, off)
        cases.append(case if params.data.classes else case._replace(prediction=answered))
    return cases


def with_unknown(
    classifier: Classifier, features: Sequence[Feature], row: Sequence[Any]
) -> list[Feature]:
    """The features, those marked of which the estimator takes a category that it does not know."""
    return [
        feature._replace(unknown=feature.type == "category" and _takes(classifier, features, asked))
        for place, feature in enumerate(features)
        for asked in [[*row[:place], UNKNOWN, *row[place + 1 :]]]
    ]


def _takes(classifier: Classifier, features: Sequence[Feature], row: Sequence[Any]) -> bool:
    if guesses_unknown(classifier):
        return False
    try:
        classifier.predict(estimator_input([row], features, named=reads_names(classifier)))
    except Exception:  # noqa: BLE001 - how an estimator refuses what it does not know is its own
        return False
    return True


def _prediction(params: Params, given: float) -> float:
    return int(given) if params.data.classes else given


def _tolerance(params: Params, given: float, expected: float) -> float:
    return 0.0 if params.data.classes else given * max(1.0, abs(expected))


def _estimated(classifier: Classifier, card: Card, rows: Sequence[Sequence[Any]]) -> list[Any]:
    """What the estimator says of encoded rows."""
    asked = estimator_input(rows, card.features, named=reads_names(classifier))
    return np.asarray(classifier.predict(asked)).ravel().tolist()


def _hold(
    params: Params,
    where: str,
    case: GoldenCase,
    numbers: dict[str, float],
    expected: float,
    off: float,
) -> None:
    names = params.data.classes

    def said(number: float) -> str:
        return f"{number} ({names[int(number)]})" if names else f"{number:g}"

    for who, number in numbers.items():
        if abs(number - expected) > off:
            raise UserError(
                f"{where}: {who} predicts {said(number)} for {case.features}, expected "
                f"{said(expected)}"
            )


def _served(
    sent: Any,  # noqa: ANN401 - any JSON
    model: Model,
    card: Card,
    steps: Steps | None,
) -> tuple[Sequence[Any], float]:
    """What the model reads of a request, and what is answered.

    Raises:
        Problem: it is refused.
        TypeError: a step gives what it must not.
    """
    body = json.dumps({"features": sent}).encode()
    if steps is None:
        # Read as a request is, each of whose numbers is a float.
        row = check_features(read_object(body)["features"], card)
        return row, model.predict(row)
    given = steps.read(body)
    features = steps.features(given)
    _, answer = steps.answer(given, features, model)
    return features, json.loads(answer)["prediction"]


def _of_table(
    params: Params,
    table: Table,
    classifier: Classifier,
    model: Model,
    card: Card,
    steps: Steps | None,
) -> list[GoldenCase]:
    if not params.data.classes:
        order = sorted(range(len(table.rows)), key=table.labels.__getitem__)
        places = [order[int(part * len(order))] for part in _PARTS]
        sent = _short(params, requests_of(table, card, places))
        return [GoldenCase(features, _asked(features, model, card, steps)[1]) for features in sent]
    cases = []
    for number in range(len(params.data.classes)):
        own = [place for place, label in enumerate(table.labels) if label == number]
        # Most often one of the first few is.
        for start in range(0, len(own), _AT_ONCE):
            sent = _short(params, requests_of(table, card, own[start : start + _AT_ONCE]))
            if found := _first_right(sent, number, classifier, model, card, steps):
                cases += found
                break
    if not cases:
        # A model that is right of no row may still be wanted; it answers all the same.
        first = requests_of(table, card, range(min(len(table.rows), _AT_ONCE)))
        row = next(iter(_short(params, first)), first[0])
        cases.append(GoldenCase(row, _asked(row, model, card, steps)[1]))
    return cases


def _short(params: Params, sent: Sequence[Any]) -> list[Any]:
    """Those of the requests that an endpoint reads: a text may be longer than a body may."""
    most = params.serving.max_body_bytes
    return [row for row in sent if len(json.dumps({"features": row})) <= most]


def requests_of(table: Table, card: Card, places: Sequence[int]) -> list[Any]:
    """Rows of the table as requests: by name where ``data.step`` reads them, else in lists."""
    if table.sent:
        return [table.sent[place] for place in places]
    reader = RowReader(card)
    return [reader.as_sent(table.rows[place]) for place in places]


def _asked(
    sent: Any,  # noqa: ANN401 - any JSON
    model: Model,
    card: Card,
    steps: Steps | None,
) -> tuple[Sequence[Any], float]:
    """As ``_served``, of a row of the table."""
    try:
        return _served(sent, model, card, steps)
    except (Problem, TypeError) as error:
        raise UserError(
            f"custom/steps.py: a row of the table is no request here ({error}); give golden cases "
            "in params.yaml, by name"
        ) from None


def _first_right(
    sent: Sequence[Any],
    number: int,
    classifier: Classifier,
    model: Model,
    card: Card,
    steps: Steps | None,
) -> list[GoldenCase]:
    """The first row of a class that is predicted rightly, if there is one."""
    served = [_asked(row, model, card, steps) for row in sent]
    estimated = _estimated(classifier, card, [features for features, _ in served])
    for row, estimate, (_, answered) in zip(sent, estimated, served, strict=True):
        if estimate == number == answered:
            return [GoldenCase(row, number)]
    return []
