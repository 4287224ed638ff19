"""Labels and probabilities beside the prediction, or why there are none."""

import json
import math

import pytest

from tests.inference.protocols.asking import ToldModel, ask, endpoint_of, problem, told
from twinserve.config.card import Card, Feature
from twinserve.config.errors import UserError

ROW = [5.1, 3.5, 1.4, 0.2]
SHARES = [0.25, 0.5, 0.25]
BOTH = "/predict?include=label,probabilities"


def model() -> ToldModel:
    return ToldModel([1], [SHARES])


def regression(card: Card) -> Card:
    target = Feature("mpg", "", 0.0, 50.0)
    return card._replace(task="regression", target=target, classes=[], metrics={})


def labels_only(card: Card) -> Card:
    metrics = {name: metric for name, metric in card.metrics.items() if name != "log_loss"}
    return card._replace(metrics=metrics)


def test_members_stand_behind_the_usual_ones(card: Card) -> None:
    """In the order of the words that there are, whatever the order of those that are sent."""
    answer = ask(
        endpoint_of(model(), card),
        {"features": ROW},
        BOTH[: BOTH.index("=") + 1] + "probabilities,label",
    )
    assert list(told(answer)) == ["prediction", "model_version", "label", "probabilities"]
    assert told(answer)["label"] == "versicolor"
    assert told(answer)["probabilities"] == dict(zip(card.classes, SHARES, strict=True))


@pytest.mark.parametrize("query", ["?proba=1", "?", "?include", "?include=", "?include=,"])
def test_answer_without_words_keeps_every_byte(card: Card, query: str) -> None:
    """Unknown parameters, and an ``include`` that names nothing, change nothing."""
    endpoint = endpoint_of(model(), card)
    expected = b'{"prediction": 1, "model_version": "v1.0"}'
    assert ask(endpoint, {"features": ROW}, f"/predict{query}").body == expected


def test_refusal_of_a_row_keeps_every_byte(card: Card) -> None:
    """A wrong row is refused as it is where nothing is included."""
    endpoint = endpoint_of(model(), card)
    for features in (ROW[:3], [*ROW[:3], "x"], None, {"a": 1}, [1e39, *ROW[1:]]):
        body = {"features": features}
        assert ask(endpoint, body, BOTH).body == ask(endpoint, body).body


def test_json_is_read_before_words(card: Card) -> None:
    """400 comes before 422."""
    assert ask(endpoint_of(model(), card), b"{", "/predict?include=nope").status == 400


def test_words_may_be_escaped_and_given_again(card: Card) -> None:
    """As a browser's form or a library's list of values sends them."""
    endpoint = endpoint_of(model(), card)
    for query in ("include=label%2Cprobabilities", "include=label&include=probabilities"):
        assert ask(endpoint, {"features": ROW}, f"/predict?{query}").body == (
            ask(endpoint, {"features": ROW}, BOTH).body
        )


def test_regression_says_that_it_has_neither(card: Card) -> None:
    """One clear line for each word; the plain answer stays."""
    endpoint = endpoint_of(ToldModel([7.5]), regression(card))
    for word in ("label", "probabilities"):
        detail = problem(ask(endpoint, {"features": ROW}, f"/predict?include={word}"))["detail"]
        assert detail == f"include: the model predicts a number: it has no {word}"
    assert told(ask(endpoint, {"features": ROW}))["prediction"] == 7.5


def test_classifier_without_probabilities_says_so(card: Card) -> None:
    """It has labels all the same."""
    endpoint = endpoint_of(ToldModel([2]), labels_only(card))
    detail = problem(ask(endpoint, {"features": ROW}, BOTH))["detail"]
    assert detail == "include: the model tells a class alone: it has no probabilities"
    assert told(ask(endpoint, {"features": ROW}, "/predict?include=label"))["label"] == "virginica"


def test_probabilities_that_are_no_numbers_are_refused(card: Card) -> None:
    """JSON has no NaN: 422, not a body that nobody can read."""
    endpoint = endpoint_of(ToldModel([0], [[math.nan] * 3]), card)
    assert "no finite numbers" in problem(ask(endpoint, {"features": ROW}, BOTH))["detail"]


def test_deployment_may_include_by_default(card: Card) -> None:
    """What ``serving.include`` names stands in every answer; a request may ask for less."""
    endpoint = endpoint_of(model(), card, include=["label"])
    assert told(ask(endpoint, {"features": ROW}))["label"] == "versicolor"
    assert "label" not in told(ask(endpoint, {"features": ROW}, "/predict?include="))
    many = told(ask(endpoint, {"instances": [ROW]}))
    assert many["predictions"] == [{"prediction": 1, "label": "versicolor"}]


def test_default_that_the_model_has_not_stops_the_start(card: Card) -> None:
    """One line, with the key of params.yaml."""
    with pytest.raises(UserError, match=r"^params.yaml: serving.include: the model predicts a num"):
        endpoint_of(ToldModel([7.5]), regression(card), include=["label"])
    with pytest.raises(UserError, match=r"serving.include: the model tells a class alone"):
        endpoint_of(ToldModel([0]), labels_only(card), include=["probabilities"])


def test_parameters_of_the_body_count_before_the_query(card: Card) -> None:
    """Both may ask; the body knows better."""
    body = {"instances": [ROW], "parameters": {"include": ["label"]}}
    answer = ask(endpoint_of(model(), card), body, "/predict?include=probabilities")
    assert json.loads(answer.body)["predictions"] == [{"prediction": 1, "label": "versicolor"}]
