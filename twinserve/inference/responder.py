"""What every answer carries: identity, timing, CORS, a refusal's form, and a line of log."""

import time
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from twinserve.inference.asgi import Answer, Headers, Receive, Scope
from twinserve.inference.bundle import Settings
from twinserve.inference.contract import Problem, unforeseen
from twinserve.inference.logs import write_event
from twinserve.inference.telemetry import Instance, RequestLog, trace_of

if TYPE_CHECKING:
    from twinserve.inference.monitor import Monitor

Handler = Callable[[Scope, Receive, dict[bytes, bytes]], Awaitable[Answer]]

_EXPOSED = (b"access-control-expose-headers", b"X-Request-Id, X-Instance, Server-Timing")
_REQUEST_HEADERS = b"Authorization, Content-Type, Traceparent, X-Request-Id"


class Responder:
    """Runs handlers for one instance and dresses what they answer.

    Attributes:
        monitor: notes every answer that counts, if there is one.
    """

    def __init__(
        self, instance: Instance, settings: Settings, monitor: "Monitor | None" = None
    ) -> None:
        self.instance = instance
        self.monitor = monitor
        self._log = RequestLog()
        self._origins = frozenset(origin.encode() for origin in settings.allowed_origins)
        self._any_origin = b"*" in self._origins

    async def respond(
        self, handler: Handler, scope: Scope, receive: Receive, *, counted: bool = True
    ) -> Answer:
        """Answer one request, whatever it holds and whatever the handler does."""
        began = time.perf_counter_ns()
        headers = dict(scope["headers"])
        if counted:
            self.instance.requests += 1
        request_id = self.instance.request_id(headers.get(b"x-request-id"))
        try:
            answer = await handler(scope, receive, headers)
        except Problem as problem:
            # Another protocol has a form of its own.
            answer = scope.get("refusal", refusal)(problem, request_id)
        except Exception:  # noqa: BLE001 - the last resort: the caller gets the id, the log the rest
            write_event("ERROR", traceback.format_exc(), request_id=request_id)
            answer = scope.get("refusal", refusal)(unforeseen(), request_id)
        answer.headers += self.identity(headers, request_id, answer.timing)
        elapsed = self.log(scope, headers, answer.status, began, request_id)
        if counted and self.monitor is not None:
            self.monitor.note(answer, elapsed, began + elapsed)
        return answer

    def identity(self, headers: dict[bytes, bytes], request_id: str, timing: str = "") -> Headers:
        """The headers that say who answered which request, and who may read that."""
        instance = self.instance
        identity = [
            (b"x-request-id", request_id.encode()),
            (b"x-instance", instance.header()),
            (b"server-timing", (instance.start_cost + timing).encode()),
            _EXPOSED,
        ]
        if self._any_origin:
            identity.append((b"access-control-allow-origin", b"*"))
        else:
            identity.append((b"vary", b"Origin"))
            origin = headers.get(b"origin")
            if origin in self._origins:
                identity.append((b"access-control-allow-origin", origin))
        return identity

    def log(
        self,
        scope: Scope,
        headers: dict[bytes, bytes],
        status: int,
        began_ns: int,
        request_id: str,
    ) -> int:
        """Write the request's line; ``began_ns`` is of ``time.perf_counter_ns``.

        Returns:
            The nanoseconds that it took.
        """
        elapsed = time.perf_counter_ns() - began_ns
        self._log.request(scope, status, elapsed, request_id, trace_of(headers))
        return elapsed


def preflight(methods: str) -> Answer:
    """The answer to ``OPTIONS``, asked by a browser or not."""
    allowed = methods.encode("ascii")
    return Answer(
        204,
        [
            (b"allow", allowed),
            (b"access-control-allow-methods", allowed),
            (b"access-control-allow-headers", _REQUEST_HEADERS),
            (b"access-control-max-age", b"86400"),
        ],
        b"",
    )


def refusal(problem: Problem, request_id: str) -> Answer:
    """The answer that a problem becomes."""
    body = problem.to_json(request_id)
    return Answer(
        problem.status,
        [
            (b"content-type", b"application/problem+json"),
            (b"content-length", b"%d" % len(body)),
            *problem.headers,
        ],
        body,
    )
