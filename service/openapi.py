"""The contract as OpenAPI: what the handler reads and answers, filled in from the model card."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from service.open_inference import TAG, paths_of_protocol, schemas_of_protocol
from service.paths import HEALTH_PATH, METRICS_PATH, PREDICT_PATH, ROOT_PATH
from service.schemas import schemas_of, words_of
from twinserve.config.card import Card, GoldenCase
from twinserve.inference.bundle import Settings
from twinserve.inference.contract import TITLES

if TYPE_CHECKING:
    from twinserve.inference.steps import Steps

TAGS = [
    {"name": "prediction", "description": "Of one row, or of many."},
    {"name": TAG, "description": "KServe's, Triton's and MLServer's own clients ask in this form."},
    {"name": "model", "description": "What is served, by whom, and how it does."},
]
PROBLEM = {"$ref": "#/components/schemas/Problem"}
METHOD_NOT_ALLOWED = 405
# Given before anyone looks at the path, or whatever it is.
ANYWHERE = (408, 431, 500, 503)
WHY = {
    400: "The body is empty, not JSON, not an object, or has neither `features` nor `instances`.",
    405: "The path takes another method; `Allow` says which.",
    408: "The request was not whole within its time; the connection is closed.",
    413: "The body is over the limit.",
    415: "`Content-Type` is given and is not JSON.",
    422: "A row has the wrong length, or holds something that is not a finite number within "
    "float32's range; or `include` has a word that is not known; `errors` names each place.",
    431: "The head is over the limit; the connection is closed.",
    500: "Something unforeseen; the log has it under the request's id.",
    503: "As many connections are being answered as are allowed; the connection is closed.",
}


def description(card: Card) -> str:
    """The page's first paragraph."""
    predicted = f"one of {len(card.classes)} classes ({', '.join(card.classes)})"
    if card.target is not None:
        predicted = f"a number, {card.target.name}"
    values = "numbers" if card.plain else "values"
    return (
        f"Predicts {predicted} from {len(card.features)} {values}. "
        "The same contract holds on the service and on the function."
    )


def with_contract(
    schema: dict[str, Any], card: Card, settings: Settings, steps: "Steps | None" = None
) -> dict[str, Any]:
    """Add the paths that the handler answers to what FastAPI found by itself."""
    schemas = schemas_of(card, settings.max_rows) | schemas_of_protocol(card, steps)
    if steps is not None:
        from service.step_schemas import schemas_of_steps

        schemas |= schemas_of_steps(steps)
    schema = _with_names_apart(schema, schemas)
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {}).update(schemas)
    components["headers"] = _headers()
    own = {PREDICT_PATH: _predict(card, settings), HEALTH_PATH: _health(card), ROOT_PATH: _page()}
    if settings.drift_window:
        own[METRICS_PATH] = _metrics()
    shown = schema["paths"]["/model"]["get"]["responses"]["200"]
    shown |= _json("Card", "As `models/model.json`.", examples={card.name: {"value": _plain(card)}})
    schema["paths"] = own | paths_of_protocol(card, steps) | schema["paths"]
    # Who may ask is the platform's to decide, not this document's.
    schema |= {"servers": [{"url": "/"}], "tags": TAGS, "security": []}
    for path, item in schema["paths"].items():
        for method, operation in item.items():
            responses = operation["responses"]
            for status in ANYWHERE:
                responses.setdefault(str(status), _problem(status))
            for response in responses.values():
                response["headers"] = _header_references() | response.get("headers", {})
            operation.setdefault("operationId", f"{method}{path.replace('/', '_')}")
    return schema


def _with_names_apart(schema: dict[str, Any], taken: Iterable[str]) -> dict[str, Any]:
    """The schema with the user's own models renamed where the contract has one of that name."""
    models = schema.get("components", {}).get("schemas", {})
    renamed = {name: f"Own{name}" for name in taken if name in models}
    if not renamed:
        return schema
    schema["components"]["schemas"] = {
        renamed.get(name, name): model for name, model in models.items()
    }
    text = json.dumps(schema)
    for name, other in renamed.items():
        text = text.replace(f'"#/components/schemas/{name}"', f'"#/components/schemas/{other}"')
    apart: dict[str, Any] = json.loads(text)
    return apart


def _plain(card: Card) -> dict[str, Any]:
    plain: dict[str, Any] = json.loads(card.to_json())
    return plain


def _called(card: Card, case: GoldenCase) -> str:
    """What the answer to a case means."""
    number = case.prediction
    return card.classes[int(number)] if card.classes else f"{number:g}"


def _predict(card: Card, settings: Settings) -> dict[str, Any]:
    requests, answers = {}, {}
    answer = "class" if card.classes else "number"
    for number, case in enumerate(card.golden, start=1):
        name = f"example {number}: {_called(card, case)}"
        requests[name] = {"value": {"features": case.features}}
        # What a step makes of an answer, it alone knows.
        if "after" not in card.steps:
            answers[name] = {
                "value": {"prediction": case.prediction, "model_version": card.version},
            }
    responses: dict[str, Any] = {
        "200": _json("Prediction", f"The {answer} of the row, or of each row.", examples=answers)
    }
    _also(responses["200"], "Prediction", "Predictions")
    for status in (400, 405, 413, 415, 422):
        responses[str(status)] = _problem(status)
    responses["413"]["description"] = (
        f"The body has more than {settings.max_body_bytes} bytes; with `instances`, more than "
        f"{settings.max_batch_bytes}."
    )
    return {
        "post": {
            "tags": ["prediction"],
            "summary": f"Predict the {answer} of one row, or of many",
            "operationId": "predict",
            "parameters": _include(card),
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": _any_of("Features", "Instances"),
                        "examples": requests,
                    }
                },
            },
            "responses": responses,
        },
        "options": {
            "tags": ["prediction"],
            "summary": "Which methods and headers are allowed",
            "operationId": "predict_options",
            "responses": {"204": {"description": "In `Allow` and `Access-Control-Allow-*`."}},
        },
    }


def _include(card: Card) -> list[dict[str, Any]]:
    """The parameter of the query, where the model has something to include."""
    words = words_of(card)
    if not words:
        return []
    items = {"type": "string", "enum": words}
    return [
        {
            "name": "include",
            "in": "query",
            "description": "What the answer has beside the prediction.",
            "required": False,
            "explode": False,
            "schema": {"type": "array", "items": items},
            "example": words,
        }
    ]


def _any_of(*schemas: str) -> dict[str, Any]:
    return {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in schemas]}


def _also(response: dict[str, Any], *schemas: str) -> None:
    """Let the answer be of any of these."""
    response["content"]["application/json"]["schema"] = _any_of(*schemas)


def _health(card: Card) -> dict[str, Any]:
    example = {"up": {"value": {"status": "ok", "model_version": card.version}}}
    answer: dict[str, Any] = {
        "description": "The instance is up; this request is not counted in `X-Instance`.",
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["status", "model_version"],
                    "properties": {
                        "status": {"type": "string", "const": "ok"},
                        "model_version": {"type": "string", "const": card.version},
                    },
                },
                "examples": example,
            }
        },
    }
    return _get("health", "Whether this instance answers", answer)


def _metrics() -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "Prometheus' text form; this request is not counted in `X-Instance`.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
    summary = "What this instance has answered: requests, latency, predictions, drift"
    return _get("metrics", summary, answer)


def _page() -> dict[str, Any]:
    answer: dict[str, Any] = {
        "description": "A form for a row or a file of rows, the answer, and the model card.",
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
    return _get("page", "A page to try the model", answer)


def _get(name: str, summary: str, answer: dict[str, Any]) -> dict[str, Any]:
    operation = {"tags": ["model"], "summary": summary, "operationId": name}
    return {"get": operation | {"responses": {"200": answer}}}


def _json(schema: str, text: str, *, examples: dict[str, Any]) -> dict[str, Any]:
    reference = {"$ref": f"#/components/schemas/{schema}"}
    return {
        "description": text,
        "content": {"application/json": {"schema": reference, "examples": examples}},
    }


def _problem(status: int) -> dict[str, Any]:
    example = {"type": "about:blank", "title": TITLES[status], "status": status}
    example |= {"detail": WHY[status].replace("`", ""), "request_id": "i3fa9c1d2b7e0-1"}
    problem: dict[str, Any] = {
        "description": WHY[status],
        "content": {"application/problem+json": {"schema": PROBLEM, "example": example}},
    }
    if status == METHOD_NOT_ALLOWED:
        problem["headers"] = {"Allow": {"schema": {"type": "string"}}}
    return problem


def _headers() -> dict[str, Any]:
    text = {"type": "string"}
    return {
        "X-Request-Id": {
            "description": "The caller's, if it is 1 to 64 of A-Z a-z 0-9 . _ ~ -, else made here.",
            "schema": text,
        },
        "X-Instance": {
            "description": "Who answered: an id, how many requests it has answered, this one "
            "included, and the age of its process in milliseconds.",
            "schema": text,
            "example": "i3fa9c1d2b7e0; requests=1; age=183.214",
        },
        "Server-Timing": {
            "description": "What the instance's start cost and, after a prediction, what that did.",
            "schema": text,
            "example": "interpreter;dur=41.0, imports;dur=98.2, model;dur=21.3, predict;dur=0.041",
        },
    }


def _header_references() -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in _headers()}
