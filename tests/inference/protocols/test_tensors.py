"""Tensors of the Open Inference Protocol: one for all numbers, or one a column, of its type."""

import json
import math
from typing import Any

import pytest

from tests.callers import InProcessCaller
from tests.inference.protocols.asking import JSON, ToldModel, ask, endpoint_of, problem, told
from tests.inference.protocols.test_include import labels_only, regression
from tests.inference.protocols.test_many_rows import typed
from twinserve.config.card import Card
from twinserve.inference.endpoint import PredictionHandler

INFER = "/v2/models/iris/infer"
ROWS = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9]]


def matrix(**changed: object) -> dict[str, object]:
    return {"name": "x", "shape": [2, 4], "datatype": "FP64", "data": ROWS} | changed


def refused(endpoint: PredictionHandler, *inputs: object, **more: object) -> str:
    error: str = problem(ask(endpoint, {"inputs": list(inputs), **more}, INFER), 400)["error"]
    return error


@pytest.mark.parametrize("datatype", ["FP64", "FP32", "FP16", "INT32", "UINT8", "INT64"])
@pytest.mark.parametrize(
    "data", [ROWS, [value for row in ROWS for value in row]], ids=["2-D", "1-D"]
)
def test_numbers_come_in_one_tensor_of_any_name(card: Card, datatype: str, data: object) -> None:
    """Nested or flat, of any datatype of numbers."""
    model = ToldModel([0, 2], [[1, 0, 0], [0, 0, 1]])
    body = {"inputs": [matrix(datatype=datatype, data=data)]}
    predict, label, probabilities = told(ask(endpoint_of(model, card), body, INFER))["outputs"]
    assert model.given == ROWS
    assert predict == {"name": "predict", "shape": [2], "datatype": "INT64", "data": [0, 2]}
    assert label["data"] == ["setosa", "virginica"]
    assert (probabilities["shape"], probabilities["data"]) == ([2, 3], [1, 0, 0, 0, 0, 1])


@pytest.mark.parametrize("shape", [[2], [2, 1]], ids=["vectors", "columns"])
def test_each_column_may_have_a_tensor_of_its_own(card: Card, shape: list[int]) -> None:
    """In any order; a gap is null, or the whole tensor is left out."""
    model = ToldModel([0, 1], [[1, 0, 0], [0, 1, 0]])
    inputs = [
        {"name": "note", "shape": shape, "datatype": "BYTES", "data": ["a", "ü"]},
        {"name": "island", "shape": shape, "datatype": "BYTES", "data": ["Dream", "Biscoe"]},
        {"name": "tagged", "shape": shape, "datatype": "BOOL", "data": [True, False]},
        {"name": "mass", "shape": shape, "datatype": "INT32", "data": [3700, None]},
    ]
    endpoint = endpoint_of(model, typed(card))
    told(ask(endpoint, {"inputs": inputs}, INFER))
    told(ask(endpoint, {"inputs": inputs[:3]}, INFER))
    assert model.given[0] == [1.0, 3700.0, 1.0, "a"]
    assert model.given[1][0] == 0.0
    assert all(math.isnan(row[1]) for row in model.given[1:])


def test_metadata_has_the_cards_types(card: Card) -> None:
    """A tensor for each column where they are of several types, else one for all of them."""
    caller = InProcessCaller(endpoint_of(ToldModel([0]), typed(card)))
    inputs = json.loads(caller.call("GET", "/v2/models/iris").body)["inputs"]
    assert {tensor["name"]: tensor["datatype"] for tensor in inputs} == {
        "island": "BYTES",
        "mass": "FP64",
        "tagged": "BOOL",
        "note": "BYTES",
    }
    caller = InProcessCaller(endpoint_of(ToldModel([0]), card))
    told_of = json.loads(caller.call("GET", "/v2/models/iris").body)
    assert told_of["inputs"] == [{"name": "features", "datatype": "FP64", "shape": [-1, 4]}]
    names = [feature.name for feature in card.features]
    assert json.loads(told_of["properties"]["features"]) == names


def test_outputs_are_what_the_model_has(card: Card) -> None:
    """A number alone of a regression; no probabilities of a model that tells classes alone."""
    for changed, model, expected in (
        (regression(card), ToldModel([1.5, 2.5]), {"predict": "FP64"}),
        (labels_only(card), ToldModel([0, 2]), {"predict": "INT64", "label": "BYTES"}),
    ):
        endpoint = endpoint_of(model, changed)
        outputs = told(ask(endpoint, {"inputs": [matrix()]}, INFER))["outputs"]
        assert {tensor["name"]: tensor["datatype"] for tensor in outputs} == expected
        error = refused(endpoint, matrix(), outputs=[{"name": "probabilities"}])
        assert "is not known; known: predict" in error


@pytest.mark.parametrize(
    ("inputs", "error"),
    [
        ([matrix(shape=[4])], "inputs: x: the shape has 4 values, data has 2"),
        ([matrix(shape=[2, 4, 1])], "inputs: x: expected the shape [n, 4]: sepal_length"),
        ([matrix(shape=[3, 4])], "inputs: x: the shape has 12 values, data has 8"),
        (
            [matrix(shape=[1, 8], data=[1] * 8)],
            "inputs: x: expected the shape [n, 4]: sepal_length",
        ),
        ([matrix(datatype="BYTES")], "inputs: x: expected FP64 or FP32"),
        ([matrix(data=None)], "inputs: x: data must be a list, in JSON"),
        ([matrix(shape=[2, -4])], "inputs: x: shape must be a list of whole numbers"),
        ([matrix(shape=[1e300] * 20)], "inputs: x: shape must be a list of whole numbers"),
        ([matrix(shape=[1] * 9)], "inputs: x: shape must be a list of whole numbers"),
        ([matrix(name=None)], "inputs: 0: name and datatype must be strings"),
        ([matrix(parameters=5)], "inputs: x: parameters: expected an object"),
        ([5], "inputs: 0: expected an object, found a number"),
        ([], "inputs: expected a list of tensors"),
        ([matrix(), matrix(name="y")], "inputs: x: is not known; expected features FP64"),
        ([matrix(name="sepal_length", shape=[2], data=[1, 2])], "inputs: sepal_width: is missing"),
        (
            [matrix(data=[*ROWS[0], 1, "x", 1, 1])],
            "1 row is not as asked for; first inputs/1/1: exp",
        ),
    ],
)
def test_refusal_names_the_tensor_and_what_is_expected(
    card: Card, inputs: list[object], error: str
) -> None:
    """400, one line, with the request's id."""
    refusal = refused(endpoint_of(ToldModel([]), card), *inputs)
    assert refusal.startswith(error)
    assert refusal.endswith(" (request_id a-request)")


@pytest.mark.parametrize(
    "outputs", [5, [5], [{}], [{"name": []}], [{"name": {}}], {"name": "label"}]
)
def test_outputs_that_are_none_are_refused(card: Card, outputs: object) -> None:
    """Whatever JSON they are."""
    error = refused(endpoint_of(ToldModel([]), card), matrix(), outputs=outputs)
    assert error.startswith("outputs: ")


def test_columns_are_of_one_length(card: Card) -> None:
    """Else there are no rows."""
    names = [feature.name for feature in card.features]
    inputs: list[Any] = [matrix(name=name, shape=[2], data=[1, 2]) for name in names]
    inputs[0] |= {"shape": [1], "data": [1]}
    error = refused(endpoint_of(ToldModel([]), card), *inputs)
    assert error.startswith("inputs: tensors of as many rows each are expected")


def test_limits_of_many_rows_hold(card: Card) -> None:
    """Of rows, and of bytes."""
    endpoint = endpoint_of(ToldModel([]), card, max_rows=1, max_batch_bytes=500)
    assert refused(endpoint, matrix()).startswith("inputs: x: expected at most 1 rows, found 2")
    assert ask(endpoint, b" " * 501, INFER).status == 413


def test_fault_of_ours_has_the_protocols_form_too(
    card: Card, capfd: pytest.CaptureFixture[str]
) -> None:
    """500 as ``error`` with the id, and nothing of the internals; the log has the rest."""

    class Broken(ToldModel):
        def scores(self, _rows: object) -> Any:  # noqa: ANN401 - nothing
            raise RuntimeError("secret internals")

    reply = ask(endpoint_of(Broken([]), card), {"inputs": [matrix()]}, INFER)
    assert list(problem(reply, 500)) == ["error"]
    assert b"secret" not in reply.body
    assert "RuntimeError: secret internals" in capfd.readouterr().out


def test_health_is_not_counted_and_inference_is(card: Card) -> None:
    """A probe of the platform's must not pass for a client's first request."""
    caller = InProcessCaller(endpoint_of(ToldModel([0, 2], [[1, 0, 0]] * 2), card))
    counts = []
    for method, path in (("GET", "/v2/health/ready"), ("POST", INFER), ("GET", "/v2")):
        body = json.dumps({"inputs": [matrix()]}).encode() if method == "POST" else b""
        reply = caller.call(method, path, [JSON], body)
        assert reply.status == 200
        counts.append(reply.headers["x-instance"].split("; ")[1])
    assert counts == ["requests=0", "requests=1", "requests=1"]
