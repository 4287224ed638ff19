"""The contract's requests: right ones, and a table of those that are refused."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import accumulate

from twinserve.config.card import Card, GoldenCase
from twinserve.config.serving import Serving
from twinserve.contract.calls import Caller
from twinserve.targets.opener import Reply

JSON = ("Content-Type", "application/json")
TEXT = ("Content-Type", "text/plain")


@dataclass(frozen=True)
class Case:
    """A request that is refused; ``body`` is made from the card and the limit."""

    status: int
    method: str = "POST"
    path: str = "/predict"
    headers: tuple[tuple[str, str], ...] = (JSON,)
    body: Callable[[Card, int], bytes | list[bytes]] = lambda _card, _limit: b""


def raw(text: str | bytes) -> Callable[[Card, int], bytes]:
    """The same body whatever the model."""
    return lambda _card, _limit: text.encode() if isinstance(text, str) else text


@dataclass(frozen=True)
class OfRow:
    """A right body with its row changed, where a row is the card's values: no step reads it.

    Attributes:
        change: from the row and the place of its first plain number to the list as text.
        number: whether it is about a number, which a card need not have.
    """

    change: Callable[[list[object], int], str]
    number: bool = False

    def __call__(self, card: Card, _limit: int) -> bytes:
        """The body."""
        return f'{{"features": {self.change(row_of(card), number_place(card) or 0)}}}'.encode()


def row_of(card: Card) -> list[object]:
    """The values of a golden case in the card's order."""
    given = card.golden[0].features
    if isinstance(given, dict):
        return [given.get(feature.name) for feature in card.features]
    return list(given)


def golden_of_one_request(card: Card, serving: Serving, times: int = 1) -> list[GoldenCase]:
    """The golden cases, over and over, as far as a request for many rows may ask for them."""
    repeated = [*card.golden] * times
    sizes = accumulate(len(json.dumps(golden.features)) + 2 for golden in repeated)
    # Half for what stands around the rows, or around each number of a tensor.
    bound = serving.max_batch_bytes // 2
    fitting = sum(size <= bound for size in sizes)
    return repeated[: max(1, min(serving.max_rows, fitting))]


def number_place(card: Card) -> int | None:
    """The place of the first feature that is a number in each row."""
    return next((place for place, feature in enumerate(card.features) if feature.plain), None)


def features(change: Callable[[list[object]], object]) -> OfRow:
    """A right body with its features changed."""
    return OfRow(lambda row, _place: json.dumps(change(row)))


def first(text: str) -> OfRow:
    """A right body with its first number replaced by this text."""

    def changed(row: list[object], place: int) -> str:
        values = [*map(json.dumps, row)]
        values[place] = text
        return f"[{', '.join(values)}]"

    return OfRow(changed, number=True)


def padded(size: Callable[[int], int]) -> Callable[[Card, int], bytes]:
    """A right body, with white space to the size that the limit gives."""
    return lambda card, limit: right(card).ljust(size(limit))


def right(card: Card, number: int = 0) -> bytes:
    """A body that is answered with 200."""
    return json.dumps({"features": card.golden[number].features}).encode()


REFUSED = {
    "another path": Case(404, path="/nope", body=lambda card, _: right(card)),
    "a path below": Case(404, path="/predict/", body=lambda card, _: right(card)),
    "another path, any method": Case(404, method="GET", path="/nope"),
    "GET": Case(405, method="GET"),
    "HEAD": Case(405, method="HEAD"),
    "PUT": Case(405, method="PUT", body=lambda card, _: right(card)),
    "DELETE": Case(405, method="DELETE"),
    "PATCH": Case(405, method="PATCH"),
    "text": Case(415, headers=(TEXT,), body=lambda card, _: right(card)),
    "a form": Case(415, headers=(("Content-Type", "application/x-www-form-urlencoded"),)),
    "an empty type": Case(415, headers=(("Content-Type", ""),), body=lambda card, _: right(card)),
    "over the limit": Case(413, body=padded(lambda limit: limit + 1)),
    "over the limit in chunks": Case(
        413, body=lambda card, limit: [right(card), b" " * limit, b" " * limit]
    ),
    "empty": Case(400),
    "white space": Case(400, body=raw("  \n")),
    "not JSON": Case(400, body=raw("{features: [1]}")),
    "half a body": Case(400, body=raw('{"features": [1, 2')),
    "not UTF-8": Case(400, body=raw(b'{"features": ["\xff"]}')),
    "NaN, which is not JSON": Case(400, body=first("NaN")),
    "Infinity, which is not JSON": Case(400, body=first("-Infinity")),
    "nested beyond reading": Case(400, body=raw("[" * 20_000)),
    "an array": Case(400, body=raw("[5.1, 3.5]")),
    "a string": Case(400, body=raw('"features"')),
    "a number": Case(400, body=raw("5.1")),
    "null": Case(400, body=raw("null")),
    "no features": Case(400, body=raw('{"Features": [1]}')),
    "one too few": Case(422, body=features(lambda row: row[:-1])),
    "one too many": Case(422, body=features(lambda row: [*row, 1.0])),
    "none": Case(422, body=raw('{"features": []}')),
    "not a list": Case(422, body=features(lambda row: row[0])),
    "an object": Case(422, body=features(lambda _: {"a": 1})),
    "features null": Case(422, body=raw('{"features": null}')),
    "a numeral in a string": Case(422, body=first('"5.1"')),
    "true": Case(422, body=first("true")),
    "false": Case(422, body=first("false")),
    "null inside": Case(422, body=first("null")),
    "a list inside": Case(422, body=first("[5.1]")),
    "an object inside": Case(422, body=first("{}")),
    "beyond float32": Case(422, body=first("1e39")),
    "beyond float64": Case(422, body=first("-1e999")),
    "an integer of 400 digits": Case(422, body=first("1" * 400)),
    "an integer of 5000 digits": Case(422, body=first("1" * 5000)),
    # Where several hold, the order is 404, 405, 415, 413, 400, 422.
    "404 before 405": Case(404, method="DELETE", path="/nope", headers=(TEXT,)),
    "405 before 415": Case(405, method="PUT", headers=(TEXT,), body=raw("x")),
    "415 before 413": Case(415, headers=(TEXT,), body=padded(lambda limit: limit + 1)),
    "413 before 400": Case(413, body=lambda _card, limit: b"{" * (limit + 1)),
    "400 before 422": Case(400, body=raw('{"features": ["x"]')),
}


def send(endpoint: Caller, case: Case, card: Card, limit: int, **extra: str) -> Reply:
    """Send a case, with further headers."""
    headers = [*case.headers, *((name.replace("_", "-"), value) for name, value in extra.items())]
    return endpoint.call(case.method, case.path, headers, case.body(card, limit))


def post(endpoint: Caller, body: bytes, headers: Iterable[tuple[str, str]] = (JSON,)) -> Reply:
    """Ask for a prediction."""
    return endpoint.call("POST", "/predict", headers, body)
