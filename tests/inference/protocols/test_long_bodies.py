"""Bodies longer than one row's: read on for many rows only, and no further than allowed."""

import asyncio
import json

import pytest

from tests.callers import InProcessCaller
from tests.inference.protocols.asking import JSON, ToldModel, ask, endpoint_of, problem, told
from twinserve.config.card import Card
from twinserve.inference.asgi import Message
from twinserve.inference.contract import TooLarge
from twinserve.inference.endpoint import PredictionHandler
from twinserve.inference.protocols.body import LongBodies

ROW = [5.1, 3.5, 1.4, 0.2]
LIMITS = {"max_body_bytes": 100, "max_batch_bytes": 1000}


def endpoint(card: Card) -> PredictionHandler:
    return endpoint_of(ToldModel([0] * 50), card, **LIMITS)


def padded(body: object, size: int) -> bytes:
    return json.dumps(body).encode().ljust(size)


def test_rows_may_have_more_bytes_than_a_row(card: Card) -> None:
    """Up to their own limit, to the byte."""
    body = {"instances": [ROW] * 20}
    assert len(told(ask(endpoint(card), padded(body, 1000)))["predictions"]) == 20
    refused = problem(ask(endpoint(card), padded(body, 1001)), 413)
    assert refused["detail"] == "the body may have at most 1000 bytes"


def test_row_keeps_its_own_limit(card: Card) -> None:
    """Beside instances too, and where the word stands in a text of it."""
    for body in (
        {"features": ROW},
        {"instances": [], "features": ROW},
        {"features": ROW, "instances": [ROW] * 20},
        {"note": '"instances"', "features": ROW},
    ):
        refused = problem(ask(endpoint(card), padded(body, 900)), 413)
        assert refused["detail"] == "the body may have at most 100 bytes"


def test_rows_may_come_in_pieces_without_a_length(card: Card) -> None:
    """Cut anywhere, and refused where all of them are too long."""
    whole = padded({"parameters": {}, "instances": [ROW] * 20}, 900)
    for size in (7, 60, 100, 500):
        pieces = [whole[at : at + size] for at in range(0, len(whole), size)]
        reply = InProcessCaller(endpoint(card)).call("POST", "/predict", [JSON], pieces)
        assert len(told(reply)["predictions"]) == 20
    pieces = [whole, b" " * 200]
    assert InProcessCaller(endpoint(card)).call("POST", "/predict", [JSON], pieces).status == 413


@pytest.mark.parametrize("declared", [b"5000", b"900", None])
def test_body_without_the_mark_is_read_no_further_than_a_rows(declared: bytes | None) -> None:
    """Whatever length it says that it has."""
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 20
        return {"type": "http.request", "body": b"x" * 20, "more_body": True}

    headers = {} if declared is None else {b"content-length": declared}
    bodies = LongBodies(1000, 100, 1)
    with pytest.raises(TooLarge) as refused:
        asyncio.run(bodies.read_rows(receive, headers, TooLarge(100)))
    assert refused.value.detail == "the body may have at most 100 bytes"
    assert read == 120


def test_rows_that_say_that_they_are_too_long_are_not_read_on() -> None:
    """The declared length is believed."""
    read = 0

    async def receive() -> Message:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b'{"instances": [', "more_body": True}

    with pytest.raises(TooLarge) as refused:
        asyncio.run(
            LongBodies(1000, 100, 1).read_rows(receive, {b"content-length": b"1001"}, TooLarge(100))
        )
    assert refused.value.detail == "the body may have at most 1000 bytes"
    assert read == 1


def test_long_bodies_take_turns() -> None:
    """At once there are as many as there is room for; the others are not read meanwhile."""
    open_, most = 0, 0

    async def one(bodies: LongBodies) -> None:
        pieces = iter([b'{"instances": [' + b" " * 90, b" " * 100, b"]}"])

        async def receive() -> Message:
            nonlocal open_, most
            piece = next(pieces)
            if piece.startswith(b" "):
                open_ += 1
                most = max(most, open_)
                await asyncio.sleep(0)
            if piece == b"]}":
                open_ -= 1
            return {"type": "http.request", "body": piece, "more_body": piece != b"]}"}

        assert len(await bodies.read_rows(receive, {}, TooLarge(100))) == 207

    async def all_of_them() -> None:
        bodies = LongBodies(1000, 100, 2)
        await asyncio.gather(*(one(bodies) for _ in range(6)))

    asyncio.run(all_of_them())
    assert most == 2
