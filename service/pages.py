"""The FastAPI application: documentation, OpenAPI, the model card, and the same handler.

Imported when a page is first asked for, never for a prediction.
"""

import json
import os
import time
import traceback
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from config.layout import RELEASE_VARIABLES
from inference import contract
from inference.asgi import Answer, Message, Receive, Scope, Send
from inference.logs import write_event
from inference.responder import preflight, refusal
from service import openapi
from service.app import ASSETS_PATH, HEALTH_PATH, METRICS_PATH, PREDICT_PATH

if TYPE_CHECKING:
    from service.app import Service

METHODS = "GET, HEAD, OPTIONS"
DESCRIBED_ALREADY = frozenset({PREDICT_PATH, HEALTH_PATH, METRICS_PATH})


class Pages:
    """The FastAPI application with every answer dressed as the handler's own are."""

    def __init__(self, service: "Service") -> None:
        self.application = build_application(service)
        self._responder = service.responder

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["path"] in DESCRIBED_ALREADY:
            await self.application(scope, receive, send)
            return
        began = time.perf_counter_ns()
        headers = dict(scope["headers"])
        instance = self._responder.instance
        instance.requests += 1
        request_id = instance.request_id(headers.get(b"x-request-id"))
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        status = 500

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                identity = self._responder.identity(headers, request_id)
                message["headers"] = [*message["headers"], *identity]
            await send(message)

        try:
            await self._answer(scope, receive, dressed)
        except Exception:  # noqa: BLE001 - answered already, as a problem; the log gets the rest
            write_event("ERROR", traceback.format_exc(), request_id=request_id)
        self._responder.log(scope, headers, status, began, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method == "OPTIONS":
            await preflight(METHODS)(scope, receive, send)
        elif method == "HEAD":
            # The server, which knows what was asked for, keeps the body to itself.
            await self.application({**scope, "method": "GET"}, receive, send)
        else:
            await self.application(scope, receive, send)


def build_application(service: "Service") -> FastAPI:
    """Mount the handler and add the pages."""
    card = service.bundle.card
    application = FastAPIOffline(
        static_url=ASSETS_PATH.rstrip("/"),
        title=f"{card.name} {card.version}",
        version=card.version,
        description=openapi.description(card),
        redirect_slashes=False,
        exception_handlers={HTTPException: _http_problem, Exception: _unforeseen},
    )
    application.router.routes.append(Route(PREDICT_PATH, service.endpoint))
    application.router.routes.append(Route(HEALTH_PATH, service.health))
    if service.metrics is not None:
        application.router.routes.append(Route(METRICS_PATH, service.metrics))

    shown = with_release(service.bundle.card_json, os.environ)

    @application.get("/model", tags=["model"], summary="The model card")
    def model_card() -> Response:
        return Response(shown, media_type="application/json")

    def documented() -> dict[str, Any]:
        if application.openapi_schema is None:
            schema = get_openapi(
                title=application.title,
                version=application.version,
                description=application.description,
                routes=application.routes,
            )
            application.openapi_schema = openapi.with_contract(
                schema, card, service.bundle.settings
            )
        return application.openapi_schema

    # FastAPI's documented way to extend its schema.
    application.openapi = documented  # type: ignore[method-assign]
    return application


def with_release(card_json: bytes, environment: Mapping[str, str]) -> bytes:
    """The card, with the release that it is served as, if it was deployed as one."""
    release = {
        name: environment[variable]
        for name, variable in RELEASE_VARIABLES.items()
        if variable in environment
    }
    if not release:
        return card_json
    return json.dumps({**json.loads(card_json), "release": release}, indent=2).encode() + b"\n"


async def _http_problem(request: Request, error: Exception) -> Answer:
    """Give what FastAPI refuses by itself the contract's form."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == openapi.METHOD_NOT_ALLOWED:
        return refusal(contract.method_not_allowed(METHODS), request.state.request_id)
    return refusal(contract.not_found(), request.state.request_id)


async def _unforeseen(request: Request, _error: Exception) -> Answer:
    return refusal(contract.unforeseen(), request.state.request_id)
