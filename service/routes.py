"""The user's own routes, ``custom/routes.py``: read, checked, and their lifespan."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount, Route

from service.paths import (
    ASSETS_PATH,
    HEALTH_PATH,
    METRICS_PATH,
    PAGE_PATHS,
    PREDICT_PATH,
    ROOT_PATH,
)
from service.served import ServedModel
from twinserve.config.errors import UserError
from twinserve.inference.custom import CUSTOM, load_custom

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.model import Model

NAME = "routes"
WHERE = f"{CUSTOM}/{NAME}.py"
# Paths of the contract, today's and those that it may grow by: the Open Inference Protocol's are
# /v2/models/NAME/versions/VERSION/infer and shorter ones.
V2 = [f"/v2{'/x' * depth}" for depth in range(6)]
RESERVED = (ROOT_PATH, PREDICT_PATH, HEALTH_PATH, METRICS_PATH, *V2, *sorted(PAGE_PATHS))
RESERVED_BELOW = ("/v2", ASSETS_PATH.rstrip("/"))

LifespanFunction = Callable[[FastAPI], AbstractAsyncContextManager[Any]]
ExceptionHandlers = Mapping[type[Exception] | int, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class OwnRoute:
    """One route of the user's, or an application that is mounted.

    Attributes:
        pattern: regular expression of the paths that it answers.
        methods: that it takes; of what is mounted nobody knows them, and they are None.
    """

    path: str
    pattern: str
    methods: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Routes:
    """What ``custom/routes.py`` offers.

    Attributes:
        router: the module's ``router``.
        lifespan: the module's ``lifespan``, as FastAPI takes it.
        exception_handlers: the module's ``exception_handlers``, likewise.
        routes: the router's, those of routers that it includes too.
    """

    router: APIRouter = field(default_factory=APIRouter)
    lifespan: LifespanFunction | None = None
    exception_handlers: ExceptionHandlers = field(default_factory=dict)
    routes: tuple[OwnRoute, ...] = ()

    @property
    def patterns(self) -> list[str]:
        """Regular expressions of the paths that they answer."""
        return [route.pattern for route in self.routes]

    def methods(self, path: str) -> set[str] | None:
        """The methods that a path takes; None where only what is mounted there knows."""
        methods: set[str] = set()
        for route in self.routes:
            if re.match(route.pattern, path):
                if route.methods is None:
                    return None
                methods |= route.methods
        return methods

    def join(self, application: FastAPI, card: "Card", model: "Model") -> None:
        """Add the routes to an application, and the model that they may ask."""
        application.state.model = ServedModel(card, model)
        application.include_router(self.router)

    async def begin(self, application: FastAPI) -> "Lifespan":
        """Begin the lifespan of an application that has them; what it raises is raised here."""
        lifespan = Lifespan(application)
        await lifespan.begin()
        return lifespan


def load_routes(root: Path) -> Routes:
    """The user's routes; none where there is no such module.

    Raises:
        UserError: the module cannot be imported, has no ``router``, or a route of it cannot be
            served beside the contract's.
    """
    module = load_custom(root, NAME)
    if module is None:
        return Routes()
    router = getattr(module, "router", None)
    if not isinstance(router, APIRouter):
        raise UserError(f"{WHERE}: expected a fastapi.APIRouter named `router`")
    return Routes(
        router,
        getattr(module, "lifespan", None),
        getattr(module, "exception_handlers", {}),
        _own_routes(router),
    )


def _own_routes(router: APIRouter) -> tuple[OwnRoute, ...]:
    routes = []
    for context in iter_route_contexts(router.routes):
        path = context.path or ""
        if not isinstance(context.original_route, Route | Mount):
            kind = type(context.original_route).__name__
            raise UserError(
                f"{WHERE}: {kind} {path}: only HTTP is served; use routes and mounted applications"
            )
        if not path:
            raise UserError(
                f"{WHERE}: the route {context.name} has no path, and / is the contract's own; give "
                "it one, or its router a prefix"
            )
        pattern = context.path_regex.pattern
        taken = [reserved for reserved in RESERVED if re.match(pattern, reserved)]
        taken += [reserved for reserved in RESERVED_BELOW if f"{path}/".startswith(f"{reserved}/")]
        if taken:
            raise UserError(
                f"{WHERE}: the route {path} answers {taken[0]}, which is the contract's own; "
                "give it another path"
            )
        methods = None if isinstance(context.original_route, Mount) else context.methods
        routes.append(OwnRoute(path, pattern, None if methods is None else frozenset(methods)))
    return tuple(routes)


class Lifespan:
    """An application's lifespan, in a task of its own: begun by one request, ended by the server.

    Attributes:
        state: what it has yielded, for each request's ``state``.
    """

    def __init__(self, application: FastAPI) -> None:
        self._application = application
        self.state: Mapping[str, Any] = {}
        self._end = asyncio.Event()
        self._begun: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Wait until it has begun; what it raises is raised here."""
        self._begun = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._live(self._begun))
        await self._begun

    async def end(self) -> None:
        """Wait until it has ended; what it raises is raised here."""
        self._end.set()
        if self._task is not None:
            await self._task

    async def _live(self, begun: asyncio.Future[None]) -> None:
        try:
            async with self._application.router.lifespan_context(self._application) as state:
                self.state = state or {}
                begun.set_result(None)
                await self._end.wait()
        except Exception as error:
            if begun.done():
                raise
            begun.set_exception(error)
