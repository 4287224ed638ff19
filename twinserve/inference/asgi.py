"""The few ASGI types that the rooms share, and the answer that every target can send."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

OK = 200
# More digits than any length has that can be sent; int() itself refuses thousands of them.
_MOST_DIGITS = 20


class Answer:
    """A whole response.

    Itself an ASGI application, as Starlette's ``Response`` is: whatever awaits a response from a
    handler (Starlette's routing, functions-framework) sends this one, and the service sends it
    without having imported Starlette, whose import costs as much as ONNX Runtime's.
    """

    __slots__ = ("body", "features", "headers", "prediction", "status", "timing")

    def __init__(
        self,
        status: int,
        headers: Headers,
        body: bytes,
        timing: str = "",
        prediction: float | None = None,
        features: list[Any] | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        # What this answer adds to the instance's Server-Timing.
        self.timing = timing
        # The class's number, or a regression's, and what the model was given, for who counts them.
        self.prediction = prediction
        self.features = features

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def prediction_answer(
    content: bytes, cost_ms: float, prediction: float | None, features: list[Any] | None
) -> Answer:
    """A 200 whose body is this JSON; ``cost_ms`` is the model's."""
    length = b"%d" % len(content)
    headers = [(b"content-type", b"application/json"), (b"content-length", length)]
    return Answer(OK, headers, content, f", predict;dur={cost_ms:.3f}", prediction, features)


def declared_length(value: bytes) -> int | None:
    """What a ``Content-Length`` says, zeros in front included; None if it is no number."""
    if not value.isdigit():
        return None
    digits = value.lstrip(b"0")
    return int(digits or b"0") if len(digits) <= _MOST_DIGITS else 10**_MOST_DIGITS
