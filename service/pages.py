"""The FastAPI application: documentation, OpenAPI, the model card, and the same handler.

Imported when a page is first asked for, never for a prediction.
"""

import asyncio
import inspect
import json
import os
import time
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.exception_handlers import http_exception_handler
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import Route

from service import openapi
from service.paths import (
    ASSETS_PATH,
    HEALTH_PATH,
    METRICS_PATH,
    PREDICT_PATH,
    ROOT_PATH,
    OwnPaths,
)
from twinserve.inference import contract
from twinserve.inference.asgi import Answer, Application, Message, Receive, Scope, Send
from twinserve.inference.endpoint import PROTOCOL_PATH
from twinserve.inference.logs import write_event
from twinserve.inference.protocols.page import release_of
from twinserve.inference.responder import preflight, refusal

if TYPE_CHECKING:
    from service.routes import Lifespan, Routes
    from twinserve.inference.bundle import Bundle
    from twinserve.inference.endpoint import PredictionHandler
    from twinserve.inference.responder import Responder

METHODS = "GET, HEAD, OPTIONS"
DESCRIBED_ALREADY = frozenset({PREDICT_PATH, HEALTH_PATH, METRICS_PATH, ROOT_PATH})


class Front(Protocol):
    """What answers before these pages, and hands them what is theirs."""

    root: Path
    endpoint: "PredictionHandler"
    responder: "Responder"
    bundle: "Bundle"
    health: Any
    metrics: Any
    own_paths: OwnPaths
    built: "Pages | None"

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer one request."""


class Pages:
    """The FastAPI application with every answer dressed as the handler's own are."""

    def __init__(self, service: Front) -> None:
        self._service = service
        self._responder = service.responder
        self.routes = _load_routes(service)
        self.application = build_application(service, self.routes)
        # What FastAPI makes of its middleware and routes, once the first request has come.
        self._build_stack = self.application.build_middleware_stack
        self._stack: Any = None
        self._lifespan: Lifespan | None = None
        self._beginning = asyncio.Lock()
        self._foreign = False
        if self.routes is not None:
            service.own_paths = OwnPaths(self.routes.patterns)

    def as_application(self) -> FastAPI:
        """The application for a server that is not ours, whose lifespan that server runs."""
        service, application = self._service, self.application
        service.built, self._foreign = self, True

        async def front(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await service(scope, receive, send)
            else:
                await self._fastapi(scope, receive, send)

        outermost: Application = front
        if "middleware" in service.bundle.settings.own:
            from twinserve.inference.custom import with_middleware

            outermost = with_middleware(front, service.root)
        application.build_middleware_stack = lambda: outermost  # type: ignore[method-assign]
        return application

    async def begin(self) -> None:
        """Begin the lifespan of the user's own routes, once; another server does so by itself.

        What it raises is raised here, and the next call tries again.
        """
        async with self._beginning:
            if self.routes is not None and self._lifespan is None and not self._foreign:
                self._lifespan = await self.routes.begin(self.application)

    async def end(self) -> None:
        """End it."""
        if self._lifespan is not None:
            await self._lifespan.end()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["path"] in DESCRIBED_ALREADY or f"{scope['path']}/".startswith(PROTOCOL_PATH):
            await self._fastapi(scope, receive, send)
            return
        began = time.perf_counter_ns()
        headers = dict(scope["headers"])
        instance = self._responder.instance
        instance.requests += 1
        request_id = instance.request_id(headers.get(b"x-request-id"))
        lived = self._lifespan.state if self._lifespan is not None else {}
        scope["state"] = {**scope.get("state", {}), **lived, "request_id": request_id}
        status = 500

        async def dressed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                identity = self._responder.identity(headers, request_id)
                given = message["headers"]
                if not scope.get("own"):
                    given = [pair for pair in given if pair[0] != b"accept-ranges"]
                message["headers"] = [*given, *identity]
            await send(message)

        try:
            await self._answer(scope, receive, dressed)
        except Exception:  # noqa: BLE001 - answered already, as a problem; the log gets the rest
            write_event("ERROR", traceback.format_exc(), request_id=request_id)
        self._responder.log(scope, headers, status, began, request_id)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if self.routes is not None and path in self._service.own_paths:
            scope["own"] = True
            methods = self.routes.methods(path)
            if scope["method"] == "OPTIONS" and methods is not None and "OPTIONS" not in methods:
                await preflight(", ".join([*sorted(methods), "OPTIONS"]))(scope, receive, send)
                return
        elif scope["method"] == "OPTIONS":
            await preflight(METHODS)(scope, receive, send)
            return
        else:
            # No page is given in parts (RFC 9110, 14.2, allows that): what reads a range refuses
            # one that is malformed in a form of its own.
            kept = [pair for pair in scope["headers"] if pair[0] != b"range"]
            # The server, which knows what was asked for, keeps a HEAD's body to itself.
            method = "GET" if scope["method"] == "HEAD" else scope["method"]
            scope = {**scope, "headers": kept, "method": method}
        await self._fastapi(scope, receive, send)

    async def _fastapi(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._stack is None:
            self._stack = self._build_stack()
        scope["app"] = self.application
        await self._stack(scope, receive, send)


def _load_routes(service: Front) -> "Routes | None":
    """The user's own; a bundle without any does not carry what reads them either."""
    if "routes" not in service.bundle.settings.own:
        return None
    from service.routes import load_routes

    return load_routes(service.root)


def build_application(service: Front, routes: "Routes | None") -> FastAPI:
    """Mount the handler, add the pages and the user's own routes."""
    card = service.bundle.card
    handlers = {} if routes is None else routes.exception_handlers
    application = FastAPIOffline(
        static_url=ASSETS_PATH.rstrip("/"),
        title=f"{card.name} {card.version}",
        version=card.version,
        description=openapi.description(card),
        redirect_slashes=False,
        lifespan=None if routes is None else routes.lifespan,
        exception_handlers={
            HTTPException: _http_problem,
            contract.Problem: _problem,
            Exception: _unforeseen,
            **{kind: _on_own_paths(handler) for kind, handler in handlers.items()},
        },
    )
    application.router.routes.append(Route(PREDICT_PATH, service.endpoint))
    application.router.routes.append(Route(ROOT_PATH, service.endpoint))
    application.router.routes.append(Route(PROTOCOL_PATH.rstrip("/"), service.endpoint))
    application.router.routes.append(Route(f"{PROTOCOL_PATH}{{rest:path}}", service.endpoint))
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
                schema, card, service.bundle.settings, service.endpoint.steps
            )
        return application.openapi_schema

    if routes is not None:
        routes.join(application, service.bundle.card, service.endpoint.model)
    # FastAPI's documented way to extend its schema.
    application.openapi = documented  # type: ignore[method-assign]
    return application


def with_release(card_json: bytes, environment: Mapping[str, str]) -> bytes:
    """The card, with the release that it is served as, if it was deployed as one."""
    release = release_of(environment)
    if not release:
        return card_json
    return json.dumps({**json.loads(card_json), "release": release}, indent=2).encode() + b"\n"


async def _http_problem(request: Request, error: Exception) -> Answer | Response:
    """Give what FastAPI refuses by itself the contract's form, but for the user's own routes."""
    if request.scope.get("own"):
        return await http_exception_handler(request, error)  # type: ignore[arg-type]
    if not isinstance(error, HTTPException):
        return await _unforeseen(request, error)
    if error.status_code == openapi.METHOD_NOT_ALLOWED:
        return refusal(contract.method_not_allowed(METHODS), request.state.request_id)
    return refusal(contract.not_found(), request.state.request_id)


def _on_own_paths(handler: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """The user's own handler of an exception; pages of the contract keep the contract's form."""

    async def handle(request: Request, error: Exception) -> Any:  # noqa: ANN401 - a response
        if not request.scope.get("own"):
            return await _http_problem(request, error)
        if inspect.iscoroutinefunction(handler):
            return await handler(request, error)
        return await run_in_threadpool(handler, request, error)

    return handle


async def _problem(request: Request, error: Exception) -> Answer:
    """A row that an own route has asked the model about, and that is none."""
    return refusal(cast("contract.Problem", error), request.state.request_id)


async def _unforeseen(request: Request, _error: Exception) -> Answer:
    return refusal(contract.unforeseen(), request.state.request_id)
