"""The user's own routes, ``custom/routes.py``: read, checked, and their lifespan."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import Match, Mount, Route

from service.paths import ASSETS_PATH, HEALTH_PATH, METRICS_PATH, PAGE_PATHS, PREDICT_PATH
from twinserve.config.errors import UserError
from twinserve.inference.custom import CUSTOM, load_custom

NAME = "routes"
WHERE = f"{CUSTOM}/{NAME}.py"
# Paths of the contract, today's and those that it may grow by.
RESERVED = ("/", PREDICT_PATH, HEALTH_PATH, METRICS_PATH, "/v2", "/v2/x", *sorted(PAGE_PATHS))
RESERVED_BELOW = ("/v2", ASSETS_PATH.rstrip("/"))

LifespanFunction = Callable[[FastAPI], AbstractAsyncContextManager[Any]]
ExceptionHandlers = Mapping[type[Exception] | int, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class Routes:
    """What ``custom/routes.py`` offers.

    Attributes:
        router: the module's ``router``.
        lifespan: the module's ``lifespan``, as FastAPI takes it.
        exception_handlers: the module's ``exception_handlers``, likewise.
    """

    router: APIRouter = field(default_factory=APIRouter)
    lifespan: LifespanFunction | None = None
    exception_handlers: ExceptionHandlers = field(default_factory=dict)

    @property
    def patterns(self) -> list[str]:
        """Regular expressions of the paths that they answer."""
        return [route.path_regex.pattern for route in _with_path(self.router)]

    def methods(self, path: str) -> set[str]:
        """The methods that a path takes."""
        scope = {"type": "http", "path": path, "method": "", "root_path": ""}
        found = (
            route.methods or set()
            for route in self.router.routes
            if isinstance(route, Route) and route.matches(scope)[0] is not Match.NONE
        )
        return set().union(*found)


def load_routes(root: Path) -> Routes:
    """The user's routes; none where there is no such module.

    Raises:
        UserError: the module cannot be imported, has no ``router``, or takes a path of the
            contract.
    """
    module = load_custom(root, NAME)
    if module is None:
        return Routes()
    router = getattr(module, "router", None)
    if not isinstance(router, APIRouter):
        raise UserError(f"{WHERE}: expected a fastapi.APIRouter named `router`")
    for route in _with_path(router):
        taken = [path for path in RESERVED if route.path_regex.match(path)]
        taken += [path for path in RESERVED_BELOW if f"{route.path}/".startswith(f"{path}/")]
        if taken:
            raise UserError(
                f"{WHERE}: the route {route.path} answers {taken[0]}, which is the contract's own; "
                "give it another path"
            )
    return Routes(
        router,
        getattr(module, "lifespan", None),
        getattr(module, "exception_handlers", {}),
    )


def _with_path(router: APIRouter) -> Iterator[Route | Mount]:
    for route in router.routes:
        if isinstance(route, Route | Mount):
            yield route


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
