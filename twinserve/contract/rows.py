"""The contract's cases of a row, made from the types that the card gives its features.

``suite`` takes them in; they are here for its length.
"""

import json
from typing import Any

import pytest

from twinserve.config.card import Card, Feature, GoldenCase
from twinserve.contract.calls import Caller
from twinserve.contract.cases import post, row_of
from twinserve.inference.problem import escaped
from twinserve.targets.opener import Reply


def answered(golden: GoldenCase, card: Card) -> Any:  # noqa: ANN401 - pytest's own
    """What a golden case is answered with: its class, or about its number.

    Another processor may round the last digits of a regression otherwise.
    """
    if card.task == "regression":
        return pytest.approx(golden.prediction, rel=1e-6, abs=1e-6)
    return golden.prediction


@pytest.mark.usefixtures("rows")
def test_row_by_name_is_answered_as_the_list(endpoint: Caller, card: Card) -> None:
    """An object by name, in any order, gets the bytes that the list gets."""
    row = row_of(card)
    named = {feature.name: value for feature, value in zip(card.features, row, strict=True)}
    expected = ask(endpoint, row)
    assert expected.status == 200
    assert ask(endpoint, named).body == expected.body
    assert ask(endpoint, dict(reversed(named.items()))).body == expected.body


@pytest.mark.usefixtures("rows")
def test_unknown_name_is_refused_with_the_nearest(endpoint: Caller, card: Card) -> None:
    """422 points at a name that no feature has, and says which may have been meant."""
    name = card.features[0].name
    reply = ask(endpoint, {**by_name(card), f"{name}~/ä": 1})
    problem = json.loads(reply.body)
    assert reply.status == 422
    assert problem["errors"][0]["pointer"] == f"#/features/{escaped(f'{name}~/ä')}"
    assert problem["detail"].startswith(f"{name}~/ä: is not known; ")


@pytest.mark.usefixtures("rows")
def test_gap_is_null_or_left_out(endpoint: Caller, card: Card) -> None:
    """A value may be null, and its name left out, where the card allows a gap; else it is 422."""
    named = by_name(card)
    for feature in card.features:
        null = ask(endpoint, {**named, feature.name: None})
        rest = {name: value for name, value in named.items() if name != feature.name}
        left_out = ask(endpoint, rest)
        if feature.missing:
            assert (null.status, left_out.status) == (200, 200), feature.name
            assert null.body == left_out.body
        else:
            assert (null.status, left_out.status) == (422, 422), feature.name
            pointers = [
                json.loads(reply.body)["errors"][0]["pointer"] for reply in (null, left_out)
            ]
            assert pointers == [f"#/features/{escaped(feature.name)}"] * 2


@pytest.mark.usefixtures("rows")
def test_value_of_another_type_is_refused(endpoint: Caller, card: Card) -> None:
    """422 for each feature, by name and by place: texts for numbers, numbers for texts."""
    row = row_of(card)
    for place, feature in enumerate(card.features):
        for wrong in wrong_values(feature):
            listed = ask(endpoint, [*row[:place], wrong, *row[place + 1 :]])
            named = ask(endpoint, {**by_name(card), feature.name: wrong})
            assert (listed.status, named.status) == (422, 422), (feature.name, wrong)
            assert json.loads(listed.body)["errors"][0]["pointer"] == f"#/features/{place}"
            assert feature.name in json.loads(named.body)["detail"]


@pytest.mark.usefixtures("rows")
def test_unknown_category_is_as_the_card_tells(endpoint: Caller, card: Card) -> None:
    """A category not seen in training is taken where the estimator takes it, else 422.

    The refusal names the values that are allowed.
    """
    for feature in card.features:
        if feature.type != "category":
            continue
        whole = not isinstance(feature.values[0], str)
        strange: object = 987654321 if whole else f"{feature.values[0]}, not"
        reply = ask(endpoint, {**by_name(card), feature.name: strange})
        assert reply.status == (200 if feature.unknown else 422), feature.name
        if not feature.unknown:
            assert json.dumps(feature.values[0]) in json.loads(reply.body)["detail"]


def ask(endpoint: Caller, features: object) -> Reply:
    """Ask for a prediction of these features."""
    return post(endpoint, json.dumps({"features": features}).encode())


def by_name(card: Card) -> dict[str, object]:
    """The first golden case by name."""
    return dict(zip((feature.name for feature in card.features), row_of(card), strict=True))


def wrong_values(feature: Feature) -> list[object]:
    """Values of every kind but the feature's own."""
    whole = feature.type == "category" and not isinstance(feature.values[0], str)
    wrong: list[object] = [[], {}]
    if feature.type != "boolean":
        wrong += [True, False]
    if feature.type in {"number", "boolean"} or whole:
        wrong.append("a text")
    if feature.type in {"boolean", "text"} or (feature.type == "category" and not whole):
        wrong.append(1)
    return wrong
