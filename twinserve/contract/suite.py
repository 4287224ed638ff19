"""The contract, row by row and in its order, on every endpoint of the run."""

import json
import re

import pytest

from twinserve.config.card import Card
from twinserve.contract.calls import Caller
from twinserve.contract.cases import (
    JSON,
    REFUSED,
    Case,
    OfRow,
    first,
    number_place,
    padded,
    post,
    right,
    row_of,
    send,
)
from twinserve.contract.endpoints import Endpoints
from twinserve.contract.front_end import may_answer
from twinserve.contract.many_rows import *  # noqa: F403 - cases that are collected here
from twinserve.contract.open_inference import *  # noqa: F403 - likewise
from twinserve.contract.page import *  # noqa: F403 - likewise
from twinserve.contract.rows import (  # noqa: F401 - likewise
    answered,
    test_gap_is_null_or_left_out,
    test_row_by_name_is_answered_as_the_list,
    test_unknown_category_is_as_the_card_tells,
    test_unknown_name_is_refused_with_the_nearest,
    test_value_of_another_type_is_refused,
)
from twinserve.contract.service_pages import (  # noqa: F401 - likewise
    INSTANCE,
    test_health_is_answered_and_not_counted,
    test_model_card_is_served,
    test_pages_are_dressed_like_predictions,
    test_pages_need_no_other_host,
)
from twinserve.inference.contract import FLOAT32_MAX, TITLES

ORIGIN = ("Origin", "https://example.com")
TIMING = re.compile(r"interpreter;dur=[\d.]+, imports;dur=[\d.]+, model;dur=[\d.]+")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give the table's cases to the tests that take one."""
    if "case" in metafunc.fixturenames:
        metafunc.parametrize("case", REFUSED.values(), ids=REFUSED.keys())


@pytest.fixture
def rows(card: Card) -> None:
    """What the contract says of a row holds where no step of the user's own reads it."""
    if "before" in card.steps:
        pytest.skip("before() of custom/steps.py reads the row")


@pytest.fixture
def numbers(rows: None, card: Card) -> None:  # noqa: ARG001 - for what it skips
    """What it says of a number holds where the card has one."""
    if number_place(card) is None:
        pytest.skip("no feature is a number in each row")


@pytest.fixture
def frozen(request: pytest.FixtureRequest, case: Case) -> Case:
    """A case of the table."""
    if isinstance(case.body, OfRow):
        request.getfixturevalue("numbers" if case.body.number else "rows")
    return case


def test_golden_cases_are_answered(endpoint: Caller, card: Card) -> None:
    """Each golden case gets its class and the model's version; nothing else but from a step."""
    for golden in card.golden:
        reply = post(endpoint, json.dumps({"features": golden.features}).encode())
        assert reply.status == 200
        assert reply.headers["content-type"] == "application/json"
        expected = {"prediction": answered(golden, card), "model_version": card.version}
        answer = json.loads(reply.body)
        if "after" in card.steps:
            answer = {name: answer[name] for name in expected}
        assert answer == expected


def test_refusal_is_a_problem(
    endpoint: Caller,
    frozen: Case,
    card: Card,
    limit: int,
    deployed: bool,  # noqa: FBT001 - a fixture
) -> None:
    """A refused request gets its status, as RFC 9457 problem details, with CORS headers."""
    reply = send(endpoint, frozen, card, limit, Origin="https://example.com")
    if deployed and may_answer(frozen, reply):
        return
    assert reply.status == frozen.status
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.headers["access-control-allow-origin"] == "*"
    if frozen.method == "HEAD":
        assert reply.body == b""
        return
    problem = json.loads(reply.body)
    assert problem["status"] == frozen.status
    assert problem["title"] == TITLES[frozen.status]
    assert problem["request_id"] == reply.headers["x-request-id"]
    assert problem["detail"]


def test_refusal_says_what_to_send(endpoint: Caller, card: Card, limit: int) -> None:
    """405 names the methods, 415 the header, 413 the limit."""
    wrong_method = send(endpoint, REFUSED["GET"], card, limit)
    assert wrong_method.headers["allow"] == "POST, OPTIONS"
    assert b"Content-Type: application/json" in send(endpoint, REFUSED["text"], card, limit).body
    assert str(limit).encode() in send(endpoint, REFUSED["over the limit"], card, limit).body


@pytest.mark.usefixtures("rows")
def test_refusal_of_a_row_says_what_to_send(endpoint: Caller, card: Card, limit: int) -> None:
    """422 names how many values there must be, and which."""
    short = json.loads(send(endpoint, REFUSED["one too few"], card, limit).body)["detail"]
    values = "numbers" if card.plain else "values"
    assert f"expected {len(card.features)} {values}" in short
    assert all(feature.name in short for feature in card.features)


@pytest.mark.usefixtures("rows")
def test_every_offending_position_is_named(endpoint: Caller, card: Card) -> None:
    """422 points at each wrong value and at none of the right ones."""
    row = row_of(card)
    row[0], row[-1] = ("5.1", None) if card.plain else ([], {})
    problem = json.loads(post(endpoint, json.dumps({"features": row}).encode()).body)
    pointers = [error["pointer"] for error in problem["errors"]]
    assert pointers == ["#/features/0", f"#/features/{len(row) - 1}"]


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("Content-Type", "application/json; charset=utf-8"),),
        (("Content-Type", "Application/JSON"),),
        (("Content-Type", "application/vnd.api+json"),),
    ],
    ids=["no type", "with charset", "other case", "a JSON suffix"],
)
def test_json_by_any_name_is_read(
    endpoint: Caller, card: Card, headers: tuple[tuple[str, str], ...]
) -> None:
    """A body is read if its type is JSON's, or if none is given."""
    assert post(endpoint, right(card), headers).status == 200


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(
    "number",
    ["-0", "0", "7", "1e-400", "1e-45", f"{FLOAT32_MAX!r}", f"-{FLOAT32_MAX!r}", "3E2"],
)
def test_every_finite_float32_is_taken(endpoint: Caller, card: Card, number: str) -> None:
    """Integers, the ends of the range and numbers too small for it are numbers."""
    reply = post(endpoint, first(number)(card, 0))
    if card.task == "regression" and reply.status == 422:
        # A number that is taken may still make a prediction that none can hold.
        assert "the model gives" in json.loads(reply.body)["detail"]
        return
    assert reply.status == 200


def test_body_up_to_the_limit_is_read(endpoint: Caller, card: Card, limit: int) -> None:
    """The last byte of the limit is still inside, in one piece or in chunks."""
    assert post(endpoint, padded(lambda size: size)(card, limit)).status == 200
    chunks = [right(card)[:5], right(card)[5:]]
    assert endpoint.call("POST", "/predict", [JSON], chunks).status == 200


def test_unknown_keys_are_ignored_and_the_last_of_a_key_counts(
    endpoint: Caller, card: Card
) -> None:
    """Other keys change nothing; a repeated key has its last value."""
    last = card.golden[-1]
    body = (
        f'{{"id": 7, "features": {json.dumps(card.golden[0].features)}, "note": [null], '
        f'"features": {json.dumps(last.features)}}}'
    )
    assert json.loads(post(endpoint, body.encode()).body)["prediction"] == answered(last, card)


@pytest.mark.parametrize("headers", [(), (ORIGIN,)], ids=["without origin", "with origin"])
def test_options_is_answered(endpoint: Caller, headers: tuple[tuple[str, str], ...]) -> None:
    """OPTIONS says what is allowed, asked by a browser or not."""
    reply = endpoint.call("OPTIONS", "/predict", headers)
    assert (reply.status, reply.body) == (204, b"")
    assert reply.headers["allow"] == "POST, OPTIONS"
    assert reply.headers["access-control-allow-methods"] == "POST, OPTIONS"
    assert reply.headers["access-control-allow-origin"] == "*"
    assert "Content-Type" in reply.headers["access-control-allow-headers"]


def test_every_answer_says_who_gave_it(endpoint: Caller, card: Card, limit: int) -> None:
    """Request id, instance and timing stand on answers of every status, readable by scripts."""
    for reply in (
        post(endpoint, right(card)),
        endpoint.call("OPTIONS", "/predict"),
        send(endpoint, REFUSED["another path"], card, limit),
        send(endpoint, REFUSED["GET"], card, limit),
        send(endpoint, REFUSED["none"], card, limit),
    ):
        assert reply.headers["x-request-id"]
        assert INSTANCE.fullmatch(reply.headers["x-instance"])
        assert TIMING.match(reply.headers["server-timing"])
        exposed = reply.headers["access-control-expose-headers"]
        assert exposed == "X-Request-Id, X-Instance, Server-Timing"


def test_prediction_is_timed(endpoint: Caller, card: Card) -> None:
    """An answered prediction adds its own time to Server-Timing."""
    assert re.search(
        r", predict;dur=\d+\.\d{3}$", post(endpoint, right(card)).headers["server-timing"]
    )


def test_requests_are_counted(endpoint: Caller, card: Card) -> None:
    """An instance counts each request that it answers, and grows older."""
    matches = [INSTANCE.fullmatch(post(endpoint, right(card)).headers["x-instance"]) for _ in "ab"]
    first, second = (match.groups() for match in matches if match)
    if first[0] == second[0]:  # A deployed endpoint may answer from another instance.
        assert int(second[1]) > int(first[1])
        assert float(second[2]) > float(first[2])


@pytest.mark.parametrize("offered", ["abc-123", "A" * 64, "0.~_"])
def test_well_formed_request_id_is_kept(endpoint: Caller, card: Card, offered: str) -> None:
    """The caller's own request id comes back."""
    reply = post(endpoint, right(card), [JSON, ("X-Request-Id", offered)])
    assert reply.headers["x-request-id"] == offered


@pytest.mark.parametrize("offered", ["", "A" * 65, "a b", 'x"y', "a/b"])
def test_other_request_id_is_replaced(endpoint: Caller, card: Card, offered: str) -> None:
    """An id that could break a log line or a page is not repeated, and the new one is unique."""
    made = {
        post(endpoint, right(card), [JSON, ("X-Request-Id", offered)]).headers["x-request-id"]
        for _ in "ab"
    }
    assert offered not in made
    assert len(made) == 2


def test_endpoints_answer_byte_for_byte_alike(
    endpoints: Endpoints, frozen: Case, card: Card, limit: int
) -> None:
    """Under one request id, every endpoint gives the same status and the same body."""
    replies = {
        name: send(endpoints[name], frozen, card, limit, X_Request_Id="twins")
        for name in endpoints.names
    }
    assert len({(reply.status, reply.body) for reply in replies.values()}) == 1, replies


def test_endpoints_predict_alike(endpoints: Endpoints, card: Card) -> None:
    """Golden cases get the same bytes from every endpoint."""
    for number in range(len(card.golden)):
        bodies = {post(endpoints[name], right(card, number)).body for name in endpoints.names}
        assert len(bodies) == 1


def test_function_answers_at_its_root(function: Caller, card: Card) -> None:
    """A function's URL is its root, so it predicts there too."""
    reply = function.call("POST", "/", [JSON], right(card))
    assert json.loads(reply.body)["prediction"] == answered(card.golden[0], card)
    assert function.call("GET", "/").status == 405
