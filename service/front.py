"""What answers first: predictions and health by themselves, the rest by FastAPI.

A prediction is answered without FastAPI having been imported, which alone costs as much as the rest
of a cold start. The first request for a page builds the FastAPI application, once.
"""

import asyncio
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from service.paths import (
    ASSETS_PATH,
    HEALTH_PATH,
    METRICS_PATH,
    PAGE_PATHS,
    PREDICT_PATH,
    VERTEX_HEALTH,
    VERTEX_PREDICT,
    OwnPaths,
    paths_with,
)
from twinserve.config.errors import UserError
from twinserve.inference import contract
from twinserve.inference.asgi import Answer, Receive, Scope, Send
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.responder import Handler, Responder, preflight

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.pages import Pages
    from twinserve.inference.monitor import Monitor


class _Fresh:
    """What an instance says of itself at the moment; such requests are not counted as answered."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, responder: Responder) -> None:
        self._responder = responder

    async def content(self) -> tuple[bytes, bytes]:
        """The content type and the body."""
        raise NotImplementedError

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        answer = await self._responder.respond(self._handle, scope, receive, counted=False)
        await answer(scope, receive, send)

    async def _handle(
        self, scope: Scope, _receive: Receive, _headers: dict[bytes, bytes]
    ) -> Answer:
        method = scope["method"]
        if method == "OPTIONS":
            return preflight(self.methods)
        if method not in {"GET", "HEAD"}:
            raise contract.method_not_allowed(self.methods)
        content_type, body = await self.content()
        headers = [
            (b"content-type", content_type),
            (b"content-length", b"%d" % len(body)),
            (b"cache-control", b"no-store"),
        ]
        return Answer(200, headers, b"" if method == "HEAD" else body)


class Health(_Fresh):
    """Says that this instance is up."""

    def __init__(self, responder: Responder, version: str) -> None:
        super().__init__(responder)
        self._body = b'{"status": "ok", "model_version": "%b"}' % version.encode()

    async def content(self) -> tuple[bytes, bytes]:
        """Made once."""
        return b"application/json", self._body


class Metrics(_Fresh):
    """What this instance has answered, for Prometheus.

    The first request imports what writes the text, off the event loop.
    """

    def __init__(self, responder: Responder, monitor: "Monitor") -> None:
        super().__init__(responder)
        self._monitor = monitor
        self._expose: Callable[[Monitor], tuple[str, bytes]] | None = None

    async def content(self) -> tuple[bytes, bytes]:
        """The current metrics."""
        if self._expose is None:
            self._expose = await asyncio.to_thread(_exposition)
        # On the event loop, as everything is counted there.
        content_type, body = self._expose(self._monitor)
        return content_type.encode(), body


def _exposition() -> "Callable[[Monitor], tuple[str, bytes]]":
    from service.exposition import expose

    return expose


class Service:
    """Predictions and health at once; the rest from FastAPI, built when first asked for.

    Raises:
        UserError: the bundle in ``directory`` is incomplete or was changed.
    """

    def __init__(self, directory: Path, root: Path | None = None) -> None:
        """``root`` is where the code is, if that is not the bundle itself."""
        self.root = root or directory
        predictions = paths_with(PREDICT_PATH, VERTEX_PREDICT)
        self.health_paths = paths_with(HEALTH_PATH, VERTEX_HEALTH)
        if predictions & self.health_paths:
            raise UserError(f"{VERTEX_HEALTH} and {VERTEX_PREDICT} name the same path")
        self.endpoint, self.bundle = open_endpoint(directory, predictions, root)
        self.responder = self.endpoint.responder
        self.health = Health(self.responder, self.bundle.card.version)
        monitor = self.responder.monitor
        self.metrics = None if monitor is None else Metrics(self.responder, monitor)
        settings = self.bundle.settings
        patterns = settings.routes if self.root == directory else _patterns(self.root, settings.own)
        self.own_paths = OwnPaths(patterns)
        self.built: Pages | None = None
        self._building = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or go through the server's start and end."""
        try:
            path = scope["path"]
        except KeyError:
            # A lifespan has none; a request pays nothing for being told from it so.
            await self._live(receive, send)
            return
        if path == PREDICT_PATH:
            await self.endpoint(scope, receive, send)
        elif path in self.health_paths:
            await self.health(scope, receive, send)
        elif path == METRICS_PATH and self.metrics is not None:
            await self.metrics(scope, receive, send)
        elif path in PAGE_PATHS or path.startswith(ASSETS_PATH) or path in self.own_paths:
            try:
                pages = self.built or await self.pages()
                if path in self.own_paths:
                    await pages.begin()
            except Exception as error:  # noqa: BLE001 - of the user's own code
                answer = await self.responder.respond(_failing(error), scope, receive)
                await answer(scope, receive, send)
            else:
                await pages(scope, receive, send)
        else:
            await self.endpoint(scope, receive, send)

    async def pages(self) -> "Pages":
        """The FastAPI application; the first call builds it, off the event loop."""
        async with self._building:
            if self.built is None:
                self.built = await asyncio.to_thread(self._make_pages)
        return self.built

    def _make_pages(self) -> "Pages":
        from service.pages import Pages

        return Pages(self)

    async def _live(self, receive: Receive, send: Send) -> None:
        """The server's start and end, where ``serving.routes`` has to do with them."""
        await receive()
        try:
            if self.bundle.settings.routes_at_start:
                await (await self.pages()).begin()
        except Exception as error:  # noqa: BLE001 - of the user's own code
            await send({"type": "lifespan.startup.failed", "message": f"error: {error}"})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.built is not None:
            await self.built.end()
        await send({"type": "lifespan.shutdown.complete"})


def _patterns(root: Path, own: Collection[str]) -> list[str]:
    if "routes" not in own:
        return []
    from service.routes import load_routes

    return load_routes(root).patterns


def _failing(error: Exception) -> Handler:
    """A handler of what could not be built: a 500, with the trace in the log."""

    async def handle(_scope: Scope, _receive: Receive, _headers: dict[bytes, bytes]) -> Answer:
        raise error

    return handle
