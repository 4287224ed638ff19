"""The contract's cases of the Open Inference Protocol; ``suite`` takes them in."""

import json
from typing import Any

import pytest

from twinserve.config.card import Card, GoldenCase
from twinserve.config.serving import Serving
from twinserve.contract.calls import Caller
from twinserve.contract.cases import JSON, TEXT, golden_of_one_request
from twinserve.contract.endpoints import Endpoints
from twinserve.contract.many_rows import almost, alone
from twinserve.targets.opener import Reply


@pytest.mark.parametrize("path", ["/v2", "/v2/", "/v2/health/live", "/v2/health/ready"])
def test_server_tells_of_itself(endpoint: Caller, path: str) -> None:
    """The server's name and version, and that it is ready; such requests are not counted."""
    reply = endpoint.call("GET", path)
    told = json.loads(reply.body)
    assert reply.status == 200
    assert told.get("name", "twinserve") == "twinserve"
    assert told.get("live", True) is True
    assert endpoint.call("HEAD", path).status == 200
    assert endpoint.call("OPTIONS", path).headers["allow"] == "GET, HEAD, OPTIONS"


def test_model_tells_its_tensors(endpoint: Caller, card: Card) -> None:
    """Inputs and outputs with datatype and shape, under its name, and under its version too."""
    for path in (model(card), f"{model(card)}/versions/{card.version}"):
        told = json.loads(endpoint.call("GET", path).body)
        assert (told["name"], told["versions"]) == (card.name, [card.version])
        assert told["outputs"][0]["name"] == "predict"
        assert all(tensor["shape"][0] == -1 for tensor in (*told["inputs"], *told["outputs"]))
        ready = json.loads(endpoint.call("GET", f"{path}/ready").body)
        assert ready == {"name": card.name, "ready": True}


def test_golden_cases_are_inferred(endpoint: Caller, card: Card, serving: Serving) -> None:
    """Tensors of all golden rows give what each row is given alone, and the request's id."""
    golden = golden_of_one_request(card, serving)
    expected = [alone(endpoint, case.features)["prediction"] for case in golden]
    for version in ("", f"/versions/{card.version}"):
        body = {"id": "of this request", "inputs": tensors(endpoint, card, golden)}
        reply = infer(endpoint, card, body, version)
        answer = json.loads(reply.body)
        assert reply.status == 200, answer
        assert (answer["model_name"], answer["model_version"]) == (card.name, card.version)
        assert answer["id"] == "of this request"
        predict, *others = answer["outputs"]
        assert (predict["name"], predict["shape"]) == ("predict", [len(golden)])
        assert predict["data"] == almost(expected, card)
        if card.classes and "after" not in card.steps:
            assert others[0]["data"] == [card.classes[number] for number in expected]


def test_outputs_are_those_that_are_asked_for(endpoint: Caller, card: Card) -> None:
    """By name; an output that the model does not have is refused."""
    inputs = tensors(endpoint, card, card.golden[:1])
    asked = {"inputs": inputs, "outputs": [{"name": "predict"}]}
    answer = json.loads(infer(endpoint, card, asked).body)
    assert [output["name"] for output in answer["outputs"]] == ["predict"]
    assert "id" not in answer
    reply = infer(endpoint, card, {"inputs": inputs, "outputs": [{"name": "nope"}]})
    assert reply.status == 400
    assert "'nope' is not known; known: predict" in json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"datatype": "FP128"},
        {"shape": [2, 99]},
        {"shape": []},
        {"shape": "two"},
        {"name": 5},
        {"data": "AAAA"},
        {"data": []},
        {"data": [[[[[]]]]]},
    ],
    ids=str,
)
def test_tensor_that_is_not_as_it_says_is_refused(
    endpoint: Caller, card: Card, change: dict[str, object]
) -> None:
    """400, with the reason as ``error``."""
    first, *others = tensors(endpoint, card, card.golden[:1])
    reply = infer(endpoint, card, {"inputs": [first | change, *others]})
    assert reply.status == 400
    assert "input" in json.loads(reply.body)["error"]


def test_refusals_have_the_protocols_form(endpoint: Caller, card: Card) -> None:
    """Another model, version, path, method, type, or no JSON: an object with ``error``."""
    right = json.dumps({"inputs": tensors(endpoint, card, card.golden[:1])}).encode()
    inference = f"{model(card)}/infer"
    for status, method, path, headers, body in (
        (404, "GET", "/v2/models/nope", [], b""),
        (404, "POST", f"{model(card)}/versions/nope/infer", [JSON], right),
        (404, "GET", "/v2/nope", [], b""),
        (405, "DELETE", inference, [], b""),
        (405, "POST", "/v2", [JSON], b"{}"),
        (415, "POST", inference, [TEXT], right),
        (400, "POST", inference, [JSON], b"{"),
        (400, "POST", inference, [JSON], b"{}"),
        (400, "POST", inference, [JSON], b'{"inputs": [], "id": 5}'),
    ):
        reply = endpoint.call(method, path, headers, body)
        assert reply.status == status, path
        assert reply.headers["content-type"] == "application/json"
        assert list(json.loads(reply.body)) == ["error"]


def test_endpoints_infer_byte_for_byte_alike(
    endpoints: Endpoints, card: Card, serving: Serving
) -> None:
    """The same tensors, and the same of what is said of the model."""
    first = endpoints[endpoints.names[0]]
    body = {"id": "twins", "inputs": tensors(first, card, golden_of_one_request(card, serving))}
    for request in (body, {"inputs": 1}):
        replies = [
            infer(endpoints[name], card, request, request_id="twins") for name in endpoints.names
        ]
        assert len({(reply.status, reply.body) for reply in replies}) == 1, replies
    told = {endpoints[name].call("GET", model(card)).body for name in endpoints.names}
    assert len(told) == 1


def model(card: Card) -> str:
    """The path of the model."""
    return f"/v2/models/{card.name}"


def tensors(endpoint: Caller, card: Card, cases: list[GoldenCase]) -> list[dict[str, Any]]:
    """The rows of golden cases, as the model's metadata asks for them."""
    told = json.loads(endpoint.call("GET", model(card)).body)
    inputs = told["inputs"]
    names = [feature.name for feature in card.features]
    rows = [
        case.features
        if isinstance(case.features, dict)
        else dict(zip(names, case.features, strict=True))
        for case in cases
    ]
    if "properties" in told:
        columns = json.loads(told["properties"][inputs[0]["name"]])
        data = [[row.get(name) for name in columns] for row in rows]
        return [inputs[0] | {"shape": [len(rows), len(columns)], "data": data}]
    return [
        tensor | {"shape": [len(rows)], "data": [row.get(tensor["name"]) for row in rows]}
        for tensor in inputs
    ]


def infer(
    endpoint: Caller, card: Card, body: object, version: str = "", request_id: str = "infer"
) -> Reply:
    """Ask for an inference."""
    headers = [JSON, ("X-Request-Id", request_id)]
    return endpoint.call(
        "POST", f"{model(card)}{version}/infer", headers, json.dumps(body).encode()
    )
