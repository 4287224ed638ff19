"""A user's own steps with labels, many rows and tensors."""

import json
from typing import Any

import pytest

from tests.callers import InProcessCaller
from tests.service.checkouts import Checkout
from tests.service.own_code import STEPS
from tests.service.test_steps import SETOSA, opened
from twinserve.inference.endpoint import PredictionHandler
from twinserve.targets.opener import Reply

ROW = SETOSA | {"site": "A"}
TYPES = {str: "BYTES", float: "FP64"}


def ask(endpoint: PredictionHandler, body: object, path: str = "/predict") -> Reply:
    headers = [("Content-Type", "application/json")]
    return InProcessCaller(endpoint).call("POST", path, headers, json.dumps(body).encode())


@pytest.mark.parametrize("target", ["service", "function"])
def test_steps_stand_around_each_row(checkout: Checkout, target: str) -> None:
    """What after() adds stands in each prediction, behind what is included."""
    endpoint = opened(checkout(steps=STEPS), target)
    rows = [ROW, [*SETOSA.values(), "B"]]
    answer = json.loads(ask(endpoint, {"instances": rows}, "/predict?include=label").body)
    assert answer == {
        "predictions": [
            {"prediction": 0, "label": "setosa", "site": "alpine", "sure": True},
            {"prediction": 0, "label": "setosa", "site": "elsewhere", "sure": True},
        ],
        "model_version": "v1.0",
    }


def test_after_is_given_what_is_included(checkout: Checkout) -> None:
    """So that it may change that too; alone and among others."""
    steps = "def after(row, answer): return answer | {'label': answer.get('label', '-').upper()}"
    endpoint = opened(checkout(steps=steps))
    features = [5.1, 3.5, 1.4, 0.2]
    alone = json.loads(ask(endpoint, {"features": features}, "/predict?include=label").body)
    assert alone == {"prediction": 0, "model_version": "v1.0", "label": "SETOSA"}
    many = json.loads(ask(endpoint, {"instances": [features]}).body)
    assert many["predictions"] == [{"prediction": 0, "label": "-"}]


def test_row_that_a_step_refuses_is_named(checkout: Checkout) -> None:
    """With the step's status where all that are refused have it, else 422."""
    endpoint = opened(checkout(steps=STEPS))
    at_sea = SETOSA | {"site": "sea"}
    reply = ask(endpoint, {"instances": [ROW, at_sea, ROW, at_sea]})
    problem = json.loads(reply.body)
    assert reply.status == 409
    assert [error["pointer"] for error in problem["errors"]] == ["#/instances/1", "#/instances/3"]
    assert problem["detail"].endswith("first instances/1: no flower grows there")
    mixed = ask(endpoint, {"instances": [ROW, SETOSA]})
    (error,) = json.loads(mixed.body)["errors"]
    assert (mixed.status, error["pointer"]) == (422, "#/instances/1/site")


def test_tensors_are_of_the_steps_own_fields(checkout: Checkout) -> None:
    """Of the types that its TypedDict names; members that after() adds are left out."""
    endpoint = opened(checkout(steps=STEPS))
    caller = InProcessCaller(endpoint)
    told = json.loads(caller.call("GET", "/v2/models/iris").body)
    assert {tensor["name"]: tensor["datatype"] for tensor in told["inputs"]} == {
        name: TYPES[type(value)] for name, value in ROW.items()
    }
    inputs: list[Any] = [
        tensor | {"shape": [2], "data": [ROW[tensor["name"]]] * 2} for tensor in told["inputs"]
    ]
    answer = json.loads(ask(endpoint, {"inputs": inputs}, "/v2/models/iris/infer").body)
    assert [tensor["name"] for tensor in answer["outputs"]] == ["predict", "label", "probabilities"]
    assert answer["outputs"][0]["data"] == [0, 0]


def test_gap_of_a_tensor_leaves_a_field_out(checkout: Checkout) -> None:
    """One that may be missing; likewise where its whole tensor is left out."""
    steps = (
        "from typing import NotRequired, TypedDict\n"
        "class Row(TypedDict):\n    length: float\n    width: NotRequired[float]\n"
        "def before(row: Row):\n"
        "    width = row.get('width', 0.2)\n"
        "    return {'sepal_length': row['length'], 'sepal_width': 3.5, 'petal_length': 1.4,\n"
        "            'petal_width': width}\n"
    )
    endpoint = opened(checkout(steps=steps))
    inputs = [
        {"name": "length", "shape": [2], "datatype": "FP64", "data": [5.1, 5.2]},
        {"name": "width", "shape": [2], "datatype": "FP64", "data": [0.3, None]},
    ]
    for given in (inputs, inputs[:1]):
        answer = json.loads(ask(endpoint, {"inputs": given}, "/v2/models/iris/infer").body)
        assert answer["outputs"][0]["data"] == [0, 0], answer


def test_field_that_no_tensor_has_is_told(checkout: Checkout) -> None:
    """One line says where such a row may be asked for."""
    steps = (
        "from typing import TypedDict\n"
        "class Row(TypedDict):\n    values: list\n"
        "NAMES = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width']\n"
        "def before(row: Row): return dict(zip(NAMES, row['values']))\n"
    )
    endpoint = opened(checkout(steps=steps))
    reply = InProcessCaller(endpoint).call("GET", "/v2/models/iris")
    assert reply.status == 400
    error = json.loads(reply.body)["error"]
    assert error.startswith("values is of a type that no tensor has; ask POST /predict")
    many = ask(endpoint, {"instances": [{"values": [5.1, 3.5, 1.4, 0.2]}]})
    assert json.loads(many.body)["predictions"] == [0]
