"""Who answers which path below ``/v2``, and the form that the protocol gives a refusal."""

import json
from collections.abc import Callable
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from twinserve import __version__
from twinserve.inference import contract
from twinserve.inference.asgi import Answer, Receive, Scope
from twinserve.inference.protocols.open_inference.binary import HEADER
from twinserve.inference.protocols.open_inference.infer import Inference
from twinserve.inference.responder import preflight

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.contract import Problem
    from twinserve.inference.protocols.predict import OtherForms
    from twinserve.inference.responder import Responder

SERVER = "twinserve"
METHODS = "GET, HEAD, OPTIONS"
# What a model is stored as; the protocol has names of its own for some.
PLATFORMS = {"compiled": "twinserve_compiled", "onnx": "onnx_onnxv1", "joblib": "sklearn_joblib"}
# The protocol knows one status for what a client got wrong in its JSON.
UNFIT, BAD_REQUEST = 422, 400


class OpenInference:
    """Answers every path below ``/v2``."""

    def __init__(self, card: "Card", forms: "OtherForms", responder: "Responder") -> None:
        self._card = card
        self._forms = forms
        self._responder = responder

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """The answer to one request, not sent yet; only inferences and refusals are counted."""
        scope["refusal"] = refusal
        respond = self._responder.respond
        parts = scope["path"].split("/")[2:]
        if self._of_model(parts) == ["infer"]:
            return await respond(self._infer, scope, receive)
        told = self._told(parts)
        return await respond(partial(_tell, told), scope, receive, counted=told is None)

    def _of_model(self, parts: list[str]) -> list[str] | None:
        """The parts of the path behind the model; None for another path, model or version.

        ``parts`` are those of the path behind ``/v2``.
        """
        if parts[:2] != ["models", self._card.name]:
            return None
        rest = parts[2:]
        if rest[:2] == ["versions", self._card.version]:
            return rest[2:]
        return None if rest[:1] == ["versions"] else rest

    def _told(self, parts: list[str]) -> Callable[[], dict[str, Any]] | None:
        """What the server says of itself or of its model; None of nothing that it knows."""
        match parts:
            case [] | [""]:
                return lambda: {"name": SERVER, "version": __version__, "extensions": []}
            case ["health", "live"]:
                return lambda: {"live": True}
            case ["health", "ready"]:
                return lambda: {"live": True, "ready": True}
        match self._of_model(parts):
            case []:
                return self._metadata
            case ["ready"]:
                return lambda: {"name": self._card.name, "ready": True}
        return None

    def _metadata(self) -> dict[str, Any]:
        card = self._card
        told = {"name": card.name, "versions": [card.version], "platform": PLATFORMS[card.runtime]}
        return told | self._inference.tensors()

    @cached_property
    def _inference(self) -> Inference:
        return Inference(self._card, self._forms)

    async def _infer(self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> Answer:
        method = scope["method"]
        if method == "OPTIONS":
            return preflight(contract.METHODS)
        if method != "POST":
            raise contract.method_not_allowed()
        # With tensors behind the JSON, the body is of another type.
        length = headers.get(HEADER)
        if length is None:
            contract.check_content_type(headers.get(b"content-type"))
        body = await self._forms.bodies.read(receive, headers)
        return self._inference.answer(body, length)


async def _tell(
    told: Callable[[], dict[str, Any]] | None,
    scope: Scope,
    _receive: Receive,
    _headers: dict[bytes, bytes],
) -> Answer:
    if told is None:
        raise contract.Problem(404, "no such model, version or path; GET /v2/models/NAME tells")
    method = scope["method"]
    if method == "OPTIONS":
        return preflight(METHODS)
    if method not in {"GET", "HEAD"}:
        raise contract.method_not_allowed(METHODS)
    content = json.dumps(told()).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        (b"cache-control", b"no-store"),
    ]
    return Answer(200, headers, b"" if method == "HEAD" else content)


def refusal(problem: "Problem", request_id: str) -> Answer:
    """The answer that a problem becomes here: an object with ``error``."""
    status = BAD_REQUEST if problem.status == UNFIT else problem.status
    text = f"{problem.detail} (request_id {request_id})"
    content = json.dumps({"error": text}).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        *problem.headers,
    ]
    return Answer(status, headers, content)
