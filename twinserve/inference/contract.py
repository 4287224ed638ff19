"""The contract: what a request must be, and what is answered when it is not.

Every refusal is a ``Problem``, sent as ``application/problem+json`` (RFC 9457).
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from twinserve.config.card import Card
from twinserve.inference.problem import (
    FLOAT32_MAX,
    MOST_ERRORS_NAMED,
    TITLES,
    Problem,
    kind_of,
)

__all__ = ["FLOAT32_MAX", "MOST_ERRORS_NAMED", "TITLES", "Problem", "kind_of"]

METHODS = "POST, OPTIONS"
_GZIP = b"\x1f\x8b"


def not_found() -> Problem:
    """For a path that is not ours."""
    return Problem(404, "nothing is served at this path; predictions are at POST /predict")


def method_not_allowed(allowed: str = METHODS) -> Problem:
    """For a method that the path does not take."""
    return Problem(
        405, f"this path takes {allowed}", headers=((b"allow", allowed.encode("ascii")),)
    )


def unforeseen() -> Problem:
    """For a fault of ours; nothing of it leaves the log."""
    return Problem(500, "something unforeseen happened; the log has it under this request_id")


def check_content_type(value: bytes | None) -> None:
    """Let JSON pass, and requests that name no type.

    Raises:
        Problem: 415, the type is given and is not JSON.
    """
    if value is None or value == b"application/json":
        return
    essence = value.partition(b";")[0].strip().lower()
    if essence == b"application/json" or (
        essence.startswith(b"application/") and essence.endswith(b"+json")
    ):
        return
    raise Problem(415, "the body must be JSON: send the header Content-Type: application/json")


def compressed() -> Problem:
    """For a body that is gzip's; RFC 9110 has the answer say which coding is taken."""
    return Problem(
        415,
        "the body is compressed: send it as it is, without Content-Encoding",
        headers=((b"accept-encoding", b"identity"),),
    )


class TooLarge(Problem):
    """A body of more bytes than one row may have.

    Attributes:
        begun: what has been read of it.
        whole: whether that is all of it.
    """

    def __init__(self, limit: int, begun: bytes = b"", *, whole: bool = False) -> None:
        super().__init__(413, f"the body may have at most {limit} bytes")
        self.begun = begun
        self.whole = whole


class OtherForm(Problem):
    """A JSON object that gives no ``features``: it may ask in another form.

    Attributes:
        content: the object.
    """

    def __init__(self, content: dict[str, Any]) -> None:
        super().__init__(400, 'the body must have the key "features"')
        self.content = content


def _no_constant(name: str) -> NoReturn:
    msg = f"{name} is not JSON"
    raise ValueError(msg)


# Every number becomes a float: the model reads no other, and an integer of thousands of digits
# becomes an infinity, which is refused with its position, instead of an error of the parser's.
_DECODER = json.JSONDecoder(parse_int=float, parse_constant=_no_constant)


def read_features(body: bytes, card: Card) -> list[float]:
    """The numbers of one request, shape (len(card.features),), finite in float32.

    For a card whose features are plain numbers; ``read_typed`` is for every card.

    Raises:
        Problem: 400, the body is not a JSON object with ``features``; 422, they do not fit.
    """
    features = read_object(body)["features"]
    if type(features) is list and len(features) == len(card.features):
        for value in features:
            if type(value) is not float or not -FLOAT32_MAX <= value <= FLOAT32_MAX:
                break
        else:
            return features
    if type(features) is dict:
        return read_named(features, card)
    raise _unfit(features, card)


def read_typed(body: bytes, card: Card) -> list[Any]:
    """The encoded row of one request, for a card with features of any type.

    Raises:
        Problem: 400, the body is not a JSON object with ``features``; 422, they do not fit.
    """
    return read_named(read_object(body)["features"], card)


def read_named(features: object, card: Card) -> list[Any]:
    """The encoded row that ``features`` gives by name, or otherwise than as a list of numbers.

    Raises:
        Problem: 422, they do not fit.
    """
    # Imported by the first such request, which no other pays for.
    from twinserve.inference.typed import reader_of

    return reader_of(card).encode(features)


def check_features(features: object, card: Card) -> list[Any]:
    """The encoded row of what JSON has given, if it is what a prediction takes.

    Raises:
        Problem: 422, it is not.
    """
    if not card.plain or isinstance(features, dict):
        return read_named(features, card)
    if not isinstance(features, list) or len(features) != len(card.features):
        raise _unfit(features, card)
    if any(_fault(value) for value in features):
        raise _unfit(features, card)
    return features


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request for one row, which has ``features``.

    Raises:
        OtherForm: 400, it gives something else.
        Problem: 400, it is none.
    """
    try:
        content = _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        if body.startswith(_GZIP):
            raise compressed() from None
        raise Problem(400, f"the body is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise Problem(400, "the body is nested too deeply") from None
    except ValueError as error:
        why = "it is empty" if not body.strip() else str(error)
        raise Problem(400, f"the body is not JSON: {why}") from None
    if type(content) is not dict:
        raise Problem(400, f"the body must be a JSON object, found {kind_of(content)}")
    if "features" not in content:
        raise OtherForm(content)
    return content


def read_json(body: bytes) -> dict[str, Any]:
    """Any JSON object; each of its numbers is a float.

    Raises:
        Problem: 400, it is none.
    """
    try:
        return read_object(body)
    except OtherForm as other:
        return other.content


def finite(number: float) -> bytes:
    """A number that a model gives, as JSON.

    Raises:
        Problem: 422, it is none that JSON can hold, as of numbers near the end of the range.
    """
    if number - number != 0:
        detail = f"the model gives {number} for this row, which is no finite number"
        raise Problem(422, detail, errors=[{"pointer": "#/features", "detail": detail}])
    return repr(number).encode()


def check_row(row: Sequence[Any] | Mapping[str, Any], card: Card) -> list[Any]:
    """A row that code of this process brings: values in the card's order, or by feature name.

    Raises:
        Problem: 422, it does not fit.
    """
    if not card.plain:
        return read_named(_as_json(row), card)
    if isinstance(row, Mapping):
        names = [feature.name for feature in card.features]
        if row.keys() != set(names):
            raise Problem(422, f"expected the features {', '.join(names)}, found {', '.join(row)}")
        row = [row[name] for name in names]
    numbers = [
        float(value) if isinstance(value, int | float) and type(value) is not bool else value
        for value in row
    ]
    if len(numbers) != len(card.features) or any(_fault(value) for value in numbers):
        raise _unfit(numbers, card)
    return numbers


def _as_json(row: Sequence[Any] | Mapping[str, Any]) -> object:
    """The row as JSON would give it: every number a float, but no boolean."""
    if isinstance(row, Mapping):
        return {name: _as_value(value) for name, value in row.items()}
    return [_as_value(value) for value in row]


def _as_value(value: Any) -> Any:  # noqa: ANN401 - whatever code of this process has
    """NumPy's too."""
    value = value.item() if hasattr(value, "item") else value
    return float(value) if type(value) is int else value


def _unfit(features: object, card: Card) -> Problem:
    """Name every place where ``features`` is not what the card asks for."""
    width = len(card.features)
    names = [feature.name for feature in card.features]
    wanted = f"expected {width} numbers ({', '.join(names)})"
    if not isinstance(features, list):
        detail = f"{wanted}, found {kind_of(features)}"
        return Problem(422, detail, errors=[{"pointer": "#/features", "detail": detail}])
    errors: list[dict[str, str]] = []
    details: list[str] = []
    if len(features) != width:
        details.append(f"{wanted}, found {len(features)}")
        errors.append({"pointer": "#/features", "detail": details[0]})
    wrong = [
        (position, fault)
        for position, value in enumerate(features)
        if (fault := _fault(value)) is not None
    ]
    if wrong:
        places = ", ".join(str(position) for position, _ in wrong[:MOST_ERRORS_NAMED])
        more = f" and {len(wrong) - MOST_ERRORS_NAMED} more" * (len(wrong) > MOST_ERRORS_NAMED)
        details.append(f"not a finite number within float32's range at position {places}{more}")
    for position, fault in wrong[:MOST_ERRORS_NAMED]:
        name = f" ({names[position]})" if position < width else ""
        errors.append(
            {
                "pointer": f"#/features/{position}",
                "detail": f"expected a finite number within float32's range{name}, found {fault}",
            }
        )
    return Problem(422, "; ".join(details), errors=errors)


def _fault(value: object) -> str | None:
    """The fault of a value, or None."""
    if type(value) is not float:
        return kind_of(value)
    if not -FLOAT32_MAX <= value <= FLOAT32_MAX:
        return "a number beyond it"
    return None
