"""Rows whose values are more than numbers in a list: by name, with gaps, categories, texts.

Imported where a card has such features, or when a request names the features it gives: neither a
start nor a prediction of numbers in a list pays for it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from twinserve.config.card import Card, Feature
from twinserve.inference.problem import (
    FLOAT32_MAX,
    MOST_ERRORS_NAMED,
    Problem,
    escaped,
    kind_of,
)

_NAN = math.nan
# The code of a category that is none of the values.
UNKNOWN = -1.0
# Of a category's values, in a refusal.
_MOST_VALUES = 20
_MISSING = object()


# The reader of the card that was asked for last: a process serves one.
_last: "tuple[Card, RowReader] | None" = None


def reader_of(card: Card) -> "RowReader":
    """The reader of a card, made once."""
    global _last  # noqa: PLW0603 - a cache of one
    if _last is None or _last[0] is not card:
        _last = card, RowReader(card)
    return _last[1]


class RowReader:
    """From the ``features`` of a request to the encoded row, by the card's types."""

    def __init__(self, card: Card) -> None:
        self._features = card.features
        self._names = [feature.name for feature in card.features]
        self._known = frozenset(self._names)
        self._nothing = [_MISSING] * len(self._names)
        self._plan = [
            (_kind(feature), _codes(feature), feature.missing) for feature in card.features
        ]

    def encode(self, given: object) -> list[Any]:
        """The encoded row of a list in the card's order, or of an object by name.

        Raises:
            Problem: 422, a value is not of its feature's type, or is missing, or is not known.
        """
        if type(given) is list:
            if len(given) != len(self._plan):
                raise self._unfit(given)
            values = given
        elif type(given) is dict and given.keys() <= self._known:
            values = list(map(given.get, self._names, self._nothing))
        else:
            raise self._unfit(given)
        row: list[Any] = []
        for value, (kind, codes, missing) in zip(values, self._plan, strict=True):
            given_type = type(value)
            if given_type is kind:
                if codes is not None:
                    code = codes.get(value)
                    if code is None:
                        break
                    row.append(code)
                    continue
                if value.isascii() or _sound(value) if kind is str else _within(value):
                    row.append(value)
                    continue
                break
            if missing and (value is None or value is _MISSING):
                row.append(_NAN)
                continue
            break
        else:
            return row
        return self._with_unknown(given, values)

    def as_sent(self, row: Sequence[Any]) -> list[Any]:
        """The list of a request that is encoded to this row."""
        return [as_sent(*pair) for pair in zip(self._features, row, strict=True)]

    def _with_unknown(self, given: object, values: Sequence[object]) -> list[Any]:
        """The row, if all that is wrong with it are categories that the estimator takes too."""
        row: list[Any] = []
        for feature, value, (kind, codes, _) in zip(
            self._features, values, self._plan, strict=True
        ):
            if _fault(feature, value) is not None:
                raise self._unfit(given)
            if value is None or value is _MISSING:
                row.append(_NAN)
            elif codes is None or kind is bool:
                row.append(value if codes is None else codes[value])
            else:
                row.append(codes.get(value, UNKNOWN))
        return row

    def _unfit(self, given: object) -> Problem:
        """Name every place where the row is not what the card asks for."""
        if isinstance(given, dict):
            faults = [*self._strangers(given)]
            values = {escaped(name): given.get(name, _MISSING) for name in self._names}
        elif isinstance(given, list) and len(given) == len(self._names):
            faults, values = [], {str(place): value for place, value in enumerate(given)}
        else:
            number = len(given) if isinstance(given, list) else kind_of(given)
            detail = (
                f"expected {len(self._names)} values ({', '.join(self._names)}), found {number}"
            )
            return Problem(422, detail, errors=[{"pointer": "#/features", "detail": detail}])
        for feature, (place, value) in zip(self._features, values.items(), strict=True):
            fault = _fault(feature, value)
            if fault is not None:
                faults.append((place, f"{feature.name}: {fault}"))
        return _problem(faults)

    def _strangers(self, given: Mapping[str, object]) -> list[tuple[str, str]]:
        faults = []
        for name in given:
            if name not in self._known:
                near = get_close_matches(name, self._names, n=1)
                meant = f"did you mean {near[0]}?" if near else f"known: {', '.join(self._names)}"
                faults.append((escaped(name), f"{name:.60}: is not known; {meant}"))
        return faults


_KINDS = {"number": float, "boolean": bool, "category": str, "text": str}


def _codes(feature: Feature) -> dict[Any, float] | None:
    """What each value is encoded as; None of a number or a text, which stay what they are."""
    if feature.type == "boolean":
        return {False: 0.0, True: 1.0}
    if feature.type == "category":
        return {value: float(place) for place, value in enumerate(feature.values)}
    return None


def _within(value: float) -> bool:
    return -FLOAT32_MAX <= value <= FLOAT32_MAX


def _sound(text: str) -> bool:
    """Whether it is text, without half of a surrogate pair, which JSON can escape."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _kind(feature: Feature) -> type:
    """The type that JSON's value has."""
    whole = feature.type == "category" and not isinstance(feature.values[0], str)
    # Every number of a request is a float.
    return float if whole else _KINDS[feature.type]


def _fault(feature: Feature, value: object) -> str | None:
    """The fault of a value, or None."""
    if value is None or value is _MISSING:
        if feature.missing:
            return None
        return f"expected {_wanted(feature)}, found null" if value is None else "is missing"
    shown = None
    if type(value) is not _kind(feature):
        shown = _shown(value)
    elif isinstance(value, float) and not _within(value):
        shown = "a number beyond it"
    elif isinstance(value, str) and not _sound(value):
        shown = "half of a surrogate pair in it"
    elif feature.type == "category" and value not in feature.values:
        whole = isinstance(value, str) or float(str(value)).is_integer()
        if not (feature.unknown and whole):
            shown = f"{_shown(value)}{_near(feature, value)}"
    return None if shown is None else f"expected {_wanted(feature)}, found {shown}"


def _wanted(feature: Feature) -> str:
    match feature.type:
        case "number":
            return "a finite number within float32's range"
        case "boolean":
            return "true or false"
        case "text":
            return "a string"
    shown = ", ".join(json.dumps(value) for value in feature.values[:_MOST_VALUES])
    more = f" and {len(feature.values) - _MOST_VALUES} more"
    return f"one of {shown}{more * (len(feature.values) > _MOST_VALUES)}"


def _near(feature: Feature, value: object) -> str:
    if len(feature.values) <= _MOST_VALUES or not isinstance(value, str):
        return ""
    near = get_close_matches(value, [str(known) for known in feature.values], n=1)
    return f"; did you mean {json.dumps(near[0])}?" if near else ""


def _shown(value: object) -> str:
    if isinstance(value, str):
        return f"{json.dumps(value[:60])}{'…' * (len(value) > 60)}"  # noqa: PLR2004 - a line
    return f"{value:g}" if isinstance(value, float) else kind_of(value)


def as_sent(feature: Feature, value: Any) -> Any:  # noqa: ANN401 - JSON
    """What a request gives for an encoded value."""
    if isinstance(value, str):
        return value
    if value != value:  # noqa: PLR0124 - NaN is a gap
        return None
    if feature.type == "boolean":
        return bool(value)
    return feature.values[int(value)] if feature.type == "category" else value


def _problem(faults: Sequence[tuple[str, str]]) -> Problem:
    named = faults[:MOST_ERRORS_NAMED]
    more = f" and {len(faults) - len(named)} more" * (len(faults) > len(named))
    return Problem(
        422,
        "; ".join(fault for _, fault in named) + more,
        errors=[{"pointer": f"#/features/{place}", "detail": fault} for place, fault in named],
    )
