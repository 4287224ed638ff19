"""What a request's row is made of, as the page asks for it."""

from collections.abc import Sequence
from typing import Any

from twinserve.config.card import Card, Feature


def columns_of(card: Card) -> list[Feature]:
    """The columns of a request: the card's features, or what a step of the user's own reads.

    Such a step says in no card what it takes; the golden cases, which go through it, show that.
    """
    cases = _by_name(card)
    names = list(dict.fromkeys(name for case in cases for name in case))
    if not names:
        return list(card.features)
    return [_shown_by(name, [case.get(name) for case in cases]) for name in names]


def left_out(card: Card) -> set[str]:
    """The columns that a request leaves out where they have no value, rather than give null."""
    cases = _by_name(card)
    return {name for case in cases for name in case if any(name not in other for other in cases)}


def examples_of(card: Card, columns: Sequence[Feature]) -> list[tuple[str, list[Any]]]:
    """A row to fill in for each golden case, in the columns' order, and its answer's name."""
    return [
        (called(card, case.prediction), _in_order(case.features, columns)) for case in card.golden
    ]


def called(card: Card, prediction: float) -> str:
    """What a prediction means."""
    if card.classes:
        return card.classes[int(prediction)]
    unit = f" {card.target.unit}" if card.target is not None and card.target.unit else ""
    return f"{prediction:.4g}{unit}"


def _by_name(card: Card) -> list[dict[str, Any]]:
    """The golden cases of a step of the user's own, which reads a row by name."""
    if "before" not in card.steps:
        return []
    return [case.features for case in card.golden if isinstance(case.features, dict)]


def _in_order(features: Any, columns: Sequence[Feature]) -> list[Any]:  # noqa: ANN401 - JSON
    if isinstance(features, dict):
        return [features.get(column.name) for column in columns]
    return list(features)


def _shown_by(name: str, values: Sequence[Any]) -> Feature:
    """A column as its values in golden cases show it; its range is theirs."""
    given = [value for value in values if value is not None]
    kind = "text"
    if given and all(isinstance(value, bool) for value in given):
        kind = "boolean"
    elif given and all(type(value) in {int, float} for value in given):
        kind = "number"
    low, high = (min(given), max(given)) if kind == "number" else (0.0, 0.0)
    return Feature(name, "", low, high, type=kind, missing=len(given) < len(values))
