"""Many rows in one request: every runtime, every kind of row, and where they are wrong."""

import json
import math
from importlib import import_module

import pytest

from tests.inference.protocols.asking import ToldModel, ask, endpoint_of, problem, told
from tests.inference.protocols.test_include import regression
from twinserve.config.card import Card, Feature
from twinserve.inference.model import Model

ROWS = [[5.1, 3.5, 1.4, 0.2], [5.9, 3.0, 4.2, 1.5], [6.3, 2.5, 5.0, 1.9]]


def loaded(runtime: str, artifacts: dict[str, bytes], card: Card) -> Model:
    predictor: Model = import_module(f"twinserve.inference.runtimes.{runtime}").load(
        artifacts[runtime], card
    )
    return predictor


@pytest.mark.parametrize("runtime", ["compiled", "onnx", "joblib"])
def test_every_runtime_answers_many_rows(
    runtime: str, artifacts: dict[str, bytes], card: Card
) -> None:
    """As it answers each alone, with labels and probabilities too."""
    endpoint = endpoint_of(loaded(runtime, artifacts, card), card)
    assert told(ask(endpoint, {"instances": ROWS})) == {
        "predictions": [0, 1, 2],
        "model_version": "v1.0",
    }
    query = "/predict?include=label,probabilities"
    alone = [told(ask(endpoint, {"features": row}, query)) for row in ROWS]
    for answer in alone:
        del answer["model_version"]
        assert sum(answer["probabilities"].values()) == pytest.approx(1, abs=1e-6)
    assert told(ask(endpoint, {"instances": ROWS}, query))["predictions"] == alone


def test_model_is_asked_once(card: Card) -> None:
    """All rows go to it in one call, in their order."""
    calls = []

    class Counting(ToldModel):
        def predict_many(self, rows: object) -> list[int]:
            calls.append(rows)
            return [0, 1, 2]

    assert told(ask(endpoint_of(Counting([]), card), {"instances": ROWS}))["predictions"]
    assert calls == [ROWS]


def test_rows_may_be_objects_by_name_among_lists(card: Card) -> None:
    """Each row for itself."""
    model = ToldModel([0, 1])
    named = dict(zip((feature.name for feature in card.features), ROWS[1], strict=True))
    told(ask(endpoint_of(model, card), {"instances": [ROWS[0], dict(reversed(named.items()))]}))
    assert model.given == ROWS[:2]


def typed(card: Card) -> Card:
    features = [
        Feature("island", "", 0, 2, type="category", values=["Biscoe", "Dream", "Torgersen"]),
        Feature("mass", "g", 2700.0, 6300.0, missing=True, shares=(1.0, 0.0)),
        Feature("tagged", "", 0.0, 1.0, type="boolean"),
        Feature("note", "", 0.0, 0.0, type="text"),
    ]
    return card._replace(features=features)


def test_rows_of_any_types_are_encoded(card: Card) -> None:
    """Categories, gaps, booleans and texts, by place and by name."""
    model = ToldModel([0, 1])
    named = {"note": "ü", "tagged": False, "island": "Biscoe"}
    body = {"instances": [["Dream", 3700, True, "n"], named]}
    told(ask(endpoint_of(model, typed(card)), body))
    (first, second) = model.given
    assert first == [1.0, 3700.0, 1.0, "n"]
    assert [second[0], second[2], second[3]] == [0.0, 0.0, "ü"]
    assert math.isnan(second[1])


def test_places_of_typed_rows_are_named(card: Card) -> None:
    """By the column's place in a list, and by its name in an object."""
    endpoint = endpoint_of(ToldModel([0, 0]), typed(card))
    named = {"note": 5, "tagged": False, "island": "Biscoe"}
    errors = problem(ask(endpoint, {"instances": [["Bisco", 1, True, "n"], named]}))["errors"]
    assert [error["pointer"] for error in errors] == ["#/instances/0/0", "#/instances/1/note"]


def test_detail_counts_rows_and_tells_the_first_place(card: Card) -> None:
    """One line that a person can act on."""
    refusal = problem(ask(endpoint_of(ToldModel([]), card), {"instances": [*ROWS, [1, "x", 2, 3]]}))
    assert refusal["detail"] == (
        "1 row is not as asked for; first instances/3/1: expected a finite number within float32's "
        "range (sepal_width), found a string"
    )


def test_looking_stops_at_a_hundred_places(card: Card) -> None:
    """However many rows are wrong, the answer is bounded, and says that there may be more."""
    refusal = problem(ask(endpoint_of(ToldModel([]), card), {"instances": [["x"] * 4] * 1000}))
    assert len(refusal["errors"]) == 100
    assert refusal["detail"].startswith("at least 25 rows are not as asked for")


def test_numbers_of_a_regression_are_listed(card: Card) -> None:
    """As they are; one that JSON cannot hold is refused with its row."""
    rows = {"instances": ROWS[:2]}
    card = regression(card)
    assert told(ask(endpoint_of(ToldModel([1.5, -2e300]), card), rows))["predictions"] == [
        1.5,
        -2e300,
    ]
    (error,) = problem(ask(endpoint_of(ToldModel([1.5, math.inf]), card), rows))["errors"]
    assert error["pointer"] == "#/instances/1"


def test_limit_of_rows_is_the_settings(card: Card) -> None:
    """One more is refused, pointing at all of them."""
    endpoint = endpoint_of(ToldModel([0, 1]), card, max_rows=2)
    assert told(ask(endpoint, {"instances": ROWS[:2]}))["predictions"] == [0, 1]
    (error,) = problem(ask(endpoint, {"instances": ROWS}))["errors"]
    assert error == {
        "pointer": "#/instances",
        "detail": "instances: expected at most 2 rows, found 3",
    }


def test_body_that_asks_for_nothing_is_refused_as_ever(card: Card) -> None:
    """No ``features``, no ``instances``: the 400 of before."""
    reply = ask(endpoint_of(ToldModel([]), card), {"Features": 1})
    assert problem(reply, 400)["detail"] == 'the body must have the key "features"'


def test_rows_are_timed_as_one(card: Card) -> None:
    """The model's share stands in Server-Timing."""
    reply = ask(endpoint_of(ToldModel([0]), card), {"instances": ROWS[:1]})
    assert ", predict;dur=" in reply.headers["server-timing"]
    assert json.loads(reply.body)["predictions"] == [0]
