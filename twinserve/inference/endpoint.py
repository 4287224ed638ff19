"""The one handler: from a request to a prediction, the same on both targets."""

import asyncio
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from twinserve.inference import contract
from twinserve.inference.asgi import (
    Answer,
    Headers,
    Message,
    Receive,
    Scope,
    Send,
    declared_length,
    prediction_answer,
)
from twinserve.inference.bundle import Bundle, Settings
from twinserve.inference.contract import Problem
from twinserve.inference.first_line import FIRST_LINE_NS
from twinserve.inference.model import Model, load_model, load_runtime
from twinserve.inference.responder import Responder, preflight
from twinserve.inference.telemetry import Instance

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.protocols.open_inference.paths import OpenInference
    from twinserve.inference.protocols.page import Page
    from twinserve.inference.protocols.predict import OtherForms
    from twinserve.inference.steps import Steps


# A body of up to so many bytes is read as it comes. Of larger ones as many are in memory at once as
# fit into what is below, and at least one; the others wait in their clients' hands.
SMALL_BYTES = 64 * 1024
LARGE_BYTES = 32 * 1024 * 1024
PAGE_PATH = "/"
# Of the Open Inference Protocol.
PROTOCOL_PATH = "/v2/"


class PredictionHandler:
    """Answers predictions at ``paths``, with a page at the root, and 404 anywhere else."""

    def __init__(
        self,
        model: Model,
        card: "Card",
        settings: Settings,
        responder: Responder,
        paths: Collection[str],
        steps: "Steps | None" = None,
        *,
        directory: Path,
    ) -> None:
        """``steps`` are the user's own, around the model; ``directory`` is the bundle's."""
        self.responder = responder
        self.model = model
        self._card = card
        self._directory = directory
        self._page: Page | None = None
        self._settings = settings
        self._forms: OtherForms | None = None
        self._protocol: OpenInference | None = None
        self._limit = limit = settings.max_body_bytes
        self._turns = (
            asyncio.Semaphore(max(1, LARGE_BYTES // limit)) if limit > SMALL_BYTES else None
        )
        self.paths = frozenset(paths)
        self.steps = steps
        # None where an answer is a class, the way that has nothing to choose.
        self._other = self._other_way(card, steps)
        self._read = contract.read_features if card.plain else contract.read_typed
        # There are only as many right answers as classes.
        self._bodies = [
            b'{"prediction": %d, "model_version": "%b"}' % (number, card.version.encode())
            for number in range(len(card.classes))
        ]
        self._headers: list[Headers] = [
            [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
            for body in self._bodies
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["path"] in self.paths:
            answer = await self.responder.respond(self._handle, scope, receive)
        else:
            answer = await self._elsewhere(scope, receive)
        await answer(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Answer:
        """The answer to one request, not sent yet."""
        if scope["path"] in self.paths:
            return await self.responder.respond(self._handle, scope, receive)
        return await self._elsewhere(scope, receive)

    @property
    def forms(self) -> "OtherForms":
        """The other ways to ask, imported by the first request that takes one."""
        if self._forms is None:
            from twinserve.inference.protocols.predict import OtherForms

            monitor = self.responder.monitor
            self._forms = OtherForms(self._card, self.model, self._settings, self.steps, monitor)
        return self._forms

    async def _elsewhere(self, scope: Scope, receive: Receive) -> Answer:
        """The answer at any other path: that of another protocol, the page, or a refusal."""
        if (scope["path"] + "/").startswith(PROTOCOL_PATH):
            if self._protocol is None:
                from twinserve.inference.protocols.open_inference.paths import OpenInference

                self._protocol = OpenInference(self._card, self.forms, self.responder)
            return await self._protocol.answer(scope, receive)
        handler = self._show_page if scope["path"] == PAGE_PATH else _refuse
        return await self.responder.respond(handler, scope, receive)

    async def _handle(self, scope: Scope, receive: Receive, headers: dict[bytes, bytes]) -> Answer:
        if scope["method"] != "POST":
            return self._unposted(scope, headers)
        contract.check_content_type(headers.get(b"content-type"))
        query = scope.get("query_string")
        try:
            body = await read_body(receive, headers, self._limit, self._turns)
            if query and (words := self.forms.words_of(query)) is not None:
                return self.forms.one(body, words)
            if self._other is not None:
                return self._other(body)
            features = self._read(body, self._card)
        except contract.TooLarge as refused:
            return await self.forms.long(receive, headers, query or b"", refused)
        except contract.OtherForm as other:
            return self.forms.many(other, query or b"")
        began = time.perf_counter_ns()
        prediction = self.model.predict(features)
        cost = (time.perf_counter_ns() - began) / 1e6
        return Answer(
            200,
            self._headers[prediction].copy(),
            self._bodies[prediction],
            f", predict;dur={cost:.3f}",
            prediction,
            features,
        )

    async def _show_page(
        self, scope: Scope, _receive: Receive, headers: dict[bytes, bytes]
    ) -> Answer:
        return self._open_page().answer(scope["method"], headers.get(b"accept-encoding", b""))

    def _open_page(self) -> "Page":
        """The page, read when it is first asked for."""
        if self._page is None:
            from twinserve.inference.protocols.page import Page

            self._page = Page(self._directory)
        return self._page

    def _unposted(self, scope: Scope, headers: dict[bytes, bytes]) -> Answer:
        """What another method is answered where predictions are: a browser at the root the page.

        Raises:
            Problem: 405.
        """
        method = scope["method"]
        if method == "OPTIONS":
            return preflight(contract.METHODS)
        if scope["path"] == PAGE_PATH and method in {"GET", "HEAD"} and b"accept" in headers:
            from twinserve.inference.protocols.page import asks_for_page

            if asks_for_page(headers[b"accept"]):
                return self._open_page().answer(method, headers.get(b"accept-encoding", b""))
        raise contract.method_not_allowed()

    def _other_way(self, card: "Card", steps: "Steps | None") -> "Callable[[bytes], Answer] | None":
        """How a request is answered otherwise than with the class of its row."""
        if self._settings.include:
            return self.forms.one
        if steps is not None:
            return partial(self._through, steps)
        return self._number if card.task == "regression" else None

    def _number(self, body: bytes) -> Answer:
        """Answer a row with the number that a regression gives it."""
        features = self._read(body, self._card)
        began = time.perf_counter_ns()
        number = self.model.predict(features)
        cost = (time.perf_counter_ns() - began) / 1e6
        content = b'{"prediction": %b, "model_version": "%b"}' % (
            contract.finite(number),
            self._card.version.encode(),
        )
        return prediction_answer(content, cost, number, features)

    def _through(self, steps: "Steps", body: bytes) -> Answer:
        """Answer by way of the user's own steps."""
        row = steps.read(body)
        features = steps.features(row)
        began = time.perf_counter_ns()
        prediction, content = steps.answer(row, features, self.model)
        cost = (time.perf_counter_ns() - began) / 1e6
        return prediction_answer(content, cost, prediction, features)


async def _refuse(scope: Scope, _receive: Receive, _headers: dict[bytes, bytes]) -> Answer:
    """Refuse a path; what could not be read has none either."""
    raise scope.get("refused") or contract.not_found()


async def read_body(
    receive: Receive,
    headers: dict[bytes, bytes],
    limit: int,
    turns: asyncio.Semaphore | None = None,
) -> bytes:
    """The whole body, read no further than ``limit`` bytes; a large one when it has its turn.

    Raises:
        TooLarge: 413, it is longer or says that it is.
        Problem: 400, the caller went away.
    """
    declared = headers.get(b"content-length")
    if declared is not None and (declared_length(declared) or 0) > limit:
        raise contract.TooLarge(limit)
    message = await receive()
    body: bytes = message.get("body", b"")
    whole = message["type"] != "http.disconnect" and not message.get("more_body", False)
    if not whole:
        parts = [message]
        await _read_more(receive, parts, min(limit, SMALL_BYTES))
        if parts[-1].get("more_body", False) and turns is not None:
            async with turns:
                await _read_more(receive, parts, limit)
        body = b"".join(part.get("body", b"") for part in parts)
        whole = not parts[-1].get("more_body", False)
    if len(body) > limit:
        raise contract.TooLarge(limit, body, whole=whole)
    return body


async def _read_more(receive: Receive, parts: list[Message], most: int) -> None:
    """Read until the body is whole, or longer than ``most``."""
    size = sum(len(part.get("body", b"")) for part in parts)
    while parts[-1].get("more_body", False) and size <= most:
        parts.append(await receive())
        size += len(parts[-1].get("body", b""))
    if parts[-1]["type"] == "http.disconnect":
        raise Problem(400, "the connection was closed before the body was whole")


def open_endpoint(
    directory: Path, paths: Collection[str], root: Path | None = None
) -> tuple[PredictionHandler, Bundle]:
    """Load a bundle's model, ready to answer, keeping account of what each part of that cost.

    ``root`` is where the code is, if that is not the bundle itself: the user's own modules count as
    they stand there.

    Raises:
        UserError: the bundle is incomplete, or a file is not the one that it was made with.
    """
    instance = Instance()
    instance.mark("interpreter", FIRST_LINE_NS)
    bundle = Bundle(directory)
    runtime = load_runtime(bundle.card)
    steps = None
    if root is not None and root != directory:
        from twinserve.inference.custom import own_modules

        bundle.settings.own = own_modules(root)
    if "steps" in bundle.settings.own:
        from twinserve.inference.steps import load_steps

        steps = load_steps(root or directory, bundle.card)
    instance.mark("imports")
    model = load_model(bundle.card, directory, runtime)
    instance.mark("model")
    monitor = None
    if bundle.settings.drift_window:
        from twinserve.inference.monitor import Monitor

        monitor = Monitor(bundle, instance)
    responder = Responder(instance, bundle.settings, monitor)
    endpoint = PredictionHandler(
        model, bundle.card, bundle.settings, responder, paths, steps, directory=directory
    )
    return endpoint, bundle
