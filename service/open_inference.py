"""The Open Inference Protocol as OpenAPI, filled in from the model card."""

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from twinserve.inference.contract import Problem
from twinserve.inference.protocols.open_inference.infer import outputs_of
from twinserve.inference.protocols.open_inference.tensors import (
    MATRIX,
    MOST_DIMENSIONS,
    MOST_SIZE,
    NUMBERS,
    Column,
    are_numbers,
    columns_of,
)

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.steps import Steps

TAG = "open inference protocol"
DATATYPES = (*NUMBERS, "BOOL", "BYTES")
_TEXT = {"type": "string"}
_SIZE = {"type": "integer", "minimum": 0, "exclusiveMaximum": MOST_SIZE}
_PARAMETERS = {"type": ["object", "null"], "description": "Not read."}
_DATA = {
    "type": "array",
    "description": "In row-major order, flat, or nested as the shape is.",
    "items": {},
}
_JSON = "application/json"
_PROBLEM = "application/problem+json"


def schemas_of_protocol(card: "Card", steps: "Steps | None") -> dict[str, Any]:
    """What requests and answers of the protocol are made of, by name."""
    outputs = outputs_of(card)
    taken = {datatype for column in _columns(card, steps) for datatype in column.taken}
    datatypes = [datatype for datatype in DATATYPES if datatype in taken or not taken]
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype", "data"],
    }
    shape = {"type": "array", "items": _SIZE, "minItems": 1, "maxItems": MOST_DIMENSIONS}
    described = {"name": _TEXT, "datatype": _TEXT}
    any_size = {"type": "array", "items": {"type": "integer", "minimum": -1}}
    metadata = {
        "type": "object",
        "required": ["name", "datatype", "shape"],
        "properties": {**described, "shape": any_size},
    }
    return {
        "InferenceError": _object({"error": _TEXT}),
        "ServerMetadata": _object(
            {"name": _TEXT, "version": _TEXT, "extensions": {"type": "array", "items": _TEXT}}
        ),
        "ServerHealth": _object({"live": {"type": "boolean"}}) | {"additionalProperties": True},
        "ModelReady": _object({"name": _TEXT, "ready": {"type": "boolean"}}),
        "TensorMetadata": metadata,
        "ModelMetadata": {
            "type": "object",
            "required": ["name", "versions", "platform", "inputs", "outputs"],
            "properties": {
                "name": _TEXT | {"const": card.name},
                "versions": {"type": "array", "items": _TEXT},
                "platform": _TEXT,
                "inputs": {"type": "array", "items": _reference("TensorMetadata")},
                "outputs": {"type": "array", "items": _reference("TensorMetadata")},
                "properties": {
                    "type": "object",
                    "description": "The columns of a tensor that has several, as JSON.",
                    "additionalProperties": _TEXT,
                },
            },
        },
        "InputTensor": tensor
        | {
            "description": "All numbers of the rows in one tensor, or each column in its own.",
            "properties": {
                "name": _TEXT,
                "shape": shape,
                "datatype": {"type": "string", "enum": datatypes},
                "parameters": _PARAMETERS,
                "data": _DATA,
            },
        },
        "OutputTensor": tensor
        | {
            "properties": {
                "name": {"type": "string", "enum": list(outputs)},
                "shape": shape,
                "datatype": {
                    "type": "string",
                    "enum": sorted({datatype for datatype, _ in outputs.values()}),
                },
                "data": _DATA,
            },
        },
        "InferenceRequest": {
            "type": "object",
            "required": ["inputs"],
            "properties": {
                "id": {"type": ["string", "null"]},
                "parameters": _PARAMETERS,
                "inputs": {"type": "array", "items": _reference("InputTensor"), "minItems": 1},
                "outputs": {
                    "type": ["array", "null"],
                    "description": "All, if none is named.",
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string", "enum": list(outputs)},
                            "parameters": _PARAMETERS,
                        },
                    },
                },
            },
        },
        "InferenceResponse": {
            "type": "object",
            "required": ["model_name", "model_version", "outputs"],
            "properties": {
                "model_name": _TEXT | {"const": card.name},
                "model_version": _TEXT | {"const": card.version},
                "id": _TEXT,
                "outputs": {"type": "array", "items": _reference("OutputTensor")},
            },
        },
    }


def _columns(card: "Card", steps: "Steps | None") -> list[Column]:
    """The columns of a row; none where a step reads what no tensor has."""
    try:
        return columns_of(card, steps)
    except Problem:
        return []


def paths_of_protocol(card: "Card", steps: "Steps | None") -> dict[str, Any]:
    """What the protocol's paths take and answer."""
    model = f"/v2/models/{quote(card.name)}"
    version = f"{model}/versions/{quote(card.version)}"
    live, ready = "This server takes requests", "This server and its model take requests"
    paths = {
        "/v2": _get("server_metadata", "What this server is", "ServerMetadata"),
        "/v2/health/live": _get("server_live", live, "ServerHealth"),
        "/v2/health/ready": _get("server_ready", ready, "ServerHealth"),
    }
    for path, suffix in ((model, ""), (version, "_version")):
        tells = "The model's tensors: their names, datatypes and shapes"
        paths[path] = _get(f"model_metadata{suffix}", tells, "ModelMetadata")
        ready = "The model takes requests"
        paths[f"{path}/ready"] = _get(f"model_ready{suffix}", ready, "ModelReady")
        paths[f"{path}/infer"] = _infer(f"infer{suffix}", card, steps)
    return paths


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _reference(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _get(name: str, summary: str, schema: str) -> dict[str, Any]:
    answer = {"description": summary, "content": {_JSON: {"schema": _reference(schema)}}}
    responses = {"200": answer, **_refusals(405)}
    operation = {"tags": [TAG], "summary": summary, "operationId": name, "responses": responses}
    return {"get": operation}


def _infer(name: str, card: "Card", steps: "Steps | None") -> dict[str, Any]:
    answer = {
        "description": "A tensor for each output that is asked for.",
        "content": {_JSON: {"schema": _reference("InferenceResponse")}},
    }
    return {
        "post": {
            "tags": [TAG],
            "summary": f"Ask {card.name} for an inference of each row",
            "operationId": name,
            "requestBody": {
                "required": True,
                "content": {
                    _JSON: {
                        "schema": _reference("InferenceRequest"),
                        "examples": _examples(card, steps),
                    }
                },
            },
            "responses": {"200": answer, **_refusals(400, 405, 413, 415)},
        }
    }


def _examples(card: "Card", steps: "Steps | None") -> dict[str, Any]:
    """A golden row as tensors, where it has the values that tensors are made of."""
    columns = _columns(card, steps)
    if not card.golden or not columns:
        return {}
    given = card.golden[0].features
    names = [column.name for column in columns]
    # A list is the model's own features, which a step may make of other fields.
    if not isinstance(given, dict) and len(given) != len(names):
        return {}
    row = given if isinstance(given, dict) else dict(zip(names, given, strict=True))
    values = [row.get(name) for name in names]
    if are_numbers(columns):
        tensor = {"name": MATRIX, "shape": [1, len(names)], "datatype": "FP64", "data": values}
        inputs = [tensor]
    else:
        inputs = [
            {"name": column.name, "shape": [1], "datatype": column.datatype, "data": [value]}
            for column, value in zip(columns, values, strict=True)
        ]
    return {"a golden row": {"value": {"inputs": inputs}}}


_WHY = {
    400: "The body is not JSON, a tensor is not as it says itself, or a row is refused.",
    405: "The path takes another method; `Allow` says which.",
    408: "The request was not whole within its time; the connection is closed.",
    413: "The body is over the limit for many rows.",
    415: "`Content-Type` is given and is not JSON.",
    431: "The head is over the limit; the connection is closed.",
    500: "Something unforeseen; the log has it under the request's id.",
    503: "As many connections are being answered as are allowed; the connection is closed.",
}


def _refusals(*statuses: int) -> dict[str, Any]:
    """Refusals in the protocol's form; those of any path may come before it is looked at."""
    answers: dict[str, Any] = {}
    for status in (*statuses, 408, 431, 500, 503):
        content: dict[str, Any] = {_JSON: {"schema": _reference("InferenceError")}}
        if status not in statuses:
            content[_PROBLEM] = {"schema": _reference("Problem")}
        answers[str(status)] = {"description": _WHY[status], "content": content}
    if "405" in answers:
        answers["405"]["headers"] = {"Allow": {"schema": _TEXT}}
    return answers
