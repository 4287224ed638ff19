"""A middleware that counts each request and lets it pass: the way through is measured."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinserve.inference.asgi import Application, Receive, Scope, Send


class Middleware:
    """As ``custom/middleware.py`` has it."""

    def __init__(self, app: "Application") -> None:
        self.app = app
        self.requests = 0

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Count, and pass on."""
        self.requests += 1
        await self.app(scope, receive, send)
