"""A user's own steps before and after the model, on both targets."""

import json
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.front import Service
from tests.callers import InProcessCaller
from tests.service.checkouts import Checkout
from tests.service.own_code import STEPS
from twinserve.config.errors import UserError
from twinserve.inference.endpoint import PredictionHandler, open_endpoint
from twinserve.targets.opener import Reply

SETOSA = {"sepal_length": 2.0, "sepal_width": 1.4, "petal_length": 0.55, "petal_width": 0.08}


def opened(root: Path, target: str = "service") -> PredictionHandler:
    return open_endpoint(root / "dist" / target, {"/predict"}, root)[0]


def ask(endpoint: PredictionHandler, features: object) -> Reply:
    body = json.dumps({"features": features}).encode()
    return InProcessCaller(endpoint).call(
        "POST", "/predict", [("Content-Type", "application/json")], body
    )


@pytest.mark.parametrize("target", ["service", "function"])
def test_steps_stand_around_the_model(checkout: Checkout, target: str) -> None:
    """Units are turned before it; after it members are added, of the row as it was sent."""
    endpoint = opened(checkout(steps=STEPS), target)
    reply = ask(endpoint, SETOSA | {"site": "A"})
    assert (reply.status, json.loads(reply.body)) == (
        200,
        {"prediction": 0, "model_version": "v1.0", "site": "alpine", "sure": True},
    )


def test_row_may_be_a_list_in_the_order_of_its_fields(checkout: Checkout) -> None:
    """As a request without steps is."""
    endpoint = opened(checkout(steps=STEPS))
    assert json.loads(ask(endpoint, [*SETOSA.values(), "B"]).body)["site"] == "elsewhere"


@pytest.mark.parametrize(
    ("row", "pointer"),
    [
        (SETOSA, "#/features/site"),
        (SETOSA | {"site": 5}, "#/features/site"),
        (SETOSA | {"site": "A", "petal_width": "0.2"}, "#/features/petal_width"),
        (SETOSA | {"site": "A", "petal_width": 1e39}, "#/features/petal_width"),
        (SETOSA | {"site": "A", "petals": 4}, "#/features/petals"),
        ([1.0], "#/features"),
        ("row", "#/features"),
    ],
)
def test_row_that_is_not_what_the_step_takes_is_refused(
    checkout: Checkout,
    row: Any,  # noqa: ANN401 - any JSON
    pointer: str,
) -> None:
    """422, naming the place."""
    reply = ask(opened(checkout(steps=STEPS)), row)
    assert reply.status == 422
    assert [error["pointer"] for error in json.loads(reply.body)["errors"]] == [pointer]


def test_refusal_of_a_step_is_a_problem_of_the_contracts_form(checkout: Checkout) -> None:
    """With the step's own status and words."""
    reply = ask(opened(checkout(steps=STEPS)), SETOSA | {"site": "sea"})
    assert reply.headers["content-type"] == "application/problem+json"
    told = json.loads(reply.body)
    assert (reply.status, told["title"], told["detail"]) == (
        409,
        "Conflict",
        "no flower grows there",
    )


def test_fault_of_a_step_is_a_clean_500(
    checkout: Checkout,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Nothing of it reaches the caller; the log has its trace."""
    reply = ask(opened(checkout(steps=STEPS)), SETOSA | {"site": "fault"})
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert "OSError: secret" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def before(): ...", "before must take 1 arguments, found 0"),
        ("async def after(row, answer): ...", "after must be a plain function"),
        ("def load(): raise OSError('no file')", r"load\(\): OSError: no file"),
    ],
)
def test_step_that_cannot_be_used_is_told_at_the_start(
    checkout: Checkout,
    text: str,
    line: str,
) -> None:
    """One line with the file and the function."""
    with pytest.raises(UserError, match=f"custom/steps.py: {line}"):
        opened(checkout(steps=text))


@pytest.mark.parametrize(
    "text",
    ["def before(row): return {}", "def before(row): return row | {'petal_width': float('nan')}"],
)
def test_features_that_the_model_cannot_read_never_reach_it(checkout: Checkout, text: str) -> None:
    """A step of whose output a column is missing or no number: a 500."""
    assert ask(opened(checkout(steps=text)), list(SETOSA.values())).status == 500


def test_types_of_a_step_become_the_documents(checkout: Checkout) -> None:
    """The TypedDict that ``before`` takes is the request's schema."""
    root = checkout(steps=STEPS)
    document = TestClient(Service(root / "dist/service", root)).get("/openapi.json").json()
    row, _ = document["components"]["schemas"]["Row"]["anyOf"]
    assert row["properties"]["site"]["type"] == "string"
    assert set(row["required"]) == {*SETOSA, "site"}


LENIENT = """
from typing import NotRequired, TypedDict


class Row(TypedDict):
    sepal_length: float
    count: int
    wet: bool
    note: NotRequired[str]


def before(row: Row, factor: float = 1e30):
    return dict.fromkeys(
        ("sepal_length", "sepal_width", "petal_length", "petal_width"),
        row["sepal_length"] * factor,
    )
"""


@pytest.mark.parametrize(
    ("row", "pointers"),
    [
        ({"sepal_length": 1, "count": 2, "wet": True}, []),
        ({"sepal_length": 1, "count": 2.5, "wet": 1}, ["#/features/count", "#/features/wet"]),
        (
            {"sepal_length": True, "count": True, "wet": False},
            ["#/features/sepal_length", "#/features/count"],
        ),
        ({"sepal_length": 1, "count": 2, "wet": True, "note": 5}, ["#/features/note"]),
        ({"sepal_length": 1, "count": 2, "wet": True, "a/b~": 5}, ["#/features/a~1b~0"]),
        (None, ["#/features"]),
    ],
)
def test_fields_are_held_to_their_types(
    checkout: Checkout,
    row: Any,  # noqa: ANN401 - any JSON
    pointers: list[str],
) -> None:
    """A truth value is no number, 2.5 is not whole, and what need not be there may be missing."""
    reply = ask(opened(checkout(steps=LENIENT)), row)
    assert reply.status == (422 if pointers else 200)
    refused = {error["pointer"] for error in json.loads(reply.body).get("errors", [])}
    assert refused == set(pointers)


def test_number_that_a_step_makes_too_large_is_the_rows_fault(checkout: Checkout) -> None:
    """Nobody's request becomes a 500 by being large."""
    row = {"sepal_length": 1e38, "count": 1, "wet": True}
    reply = ask(opened(checkout(steps=LENIENT)), row)
    assert reply.status == 422
    assert "beyond float32" in json.loads(reply.body)["detail"]


def test_thousand_unknown_names_are_not_all_told(checkout: Checkout) -> None:
    """A refusal is no longer than one without steps."""
    reply = ask(opened(checkout(steps=STEPS)), {f"n{number}": 1 for number in range(1000)})
    told = json.loads(reply.body)
    assert (reply.status, len(told["errors"])) == (422, 100)
    assert told["detail"].endswith("and 905 more")


@pytest.mark.parametrize(
    "features", [[1.0], "row", None, [True, 1, 1, 1], {"a": 1}, [1e39, 1, 1, 1]]
)
def test_refusals_are_the_contracts_where_no_step_reads_the_row(
    checkout: Checkout,
    features: Any,  # noqa: ANN401 - any JSON
) -> None:
    """With ``after`` only, byte for byte as without steps."""
    root = checkout(steps="def after(row, answer): return answer")
    body = json.dumps({"features": features}).encode()
    sent = "POST", "/predict", [("X-Request-Id", "one")], body
    plain = open_endpoint(root / "dist/service", {"/predict"})[0]
    assert InProcessCaller(opened(root)).call(*sent).body == InProcessCaller(plain).call(*sent).body


@pytest.mark.parametrize("status", [200, 302, 499, 500, 600])
def test_refusal_has_a_status_of_the_clients_fault(
    checkout: Checkout,
    status: int,
) -> None:
    """Any other is the step's own fault: a clean 500."""
    text = (
        "from twinserve.inference.steps import Refusal\n"
        f"def before(row): raise Refusal({status}, 'x')"
    )
    assert ask(opened(checkout(steps=text)), list(SETOSA.values())).status == 500


@pytest.mark.parametrize(
    "text",
    ["def after(row, answer): return {}", "def after(row, answer): return {'prediction': 0}"],
)
def test_answer_keeps_its_members(checkout: Checkout, text: str) -> None:
    """A step may change and add; without what every answer has it is a fault."""
    assert ask(opened(checkout(steps=text)), list(SETOSA.values())).status == 500


def test_type_that_cannot_be_read_is_one_line(checkout: Checkout) -> None:
    """Such as one that is imported for type checkers only."""
    with pytest.raises(UserError, match=r"custom/steps.py: before: a type cannot be read: "):
        opened(checkout(steps="def before(row: 'Nowhere'): return row"))
