"""The functions-framework entry point, ``predict``. It stands at the top of its bundle."""

from inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn_worker

from config.errors import UserError
from inference import logs
from inference.endpoint import open_endpoint
from inference.protocol import JoiningProtocol

if TYPE_CHECKING:
    from starlette.requests import Request

    from inference.asgi import Answer

logs.install()
try:
    # A function's URL points at its root.
    ENDPOINT, _ = open_endpoint(Path(__file__).resolve().parent, {"/", "/predict"})
except UserError as error:
    sys.exit(f"error: {error}")


class Worker(uvicorn_worker.UvicornWorker):  # type: ignore[misc]
    """The process that answers: speaks our protocol, and tells its figures when it ends."""

    CONFIG_KWARGS = uvicorn_worker.UvicornWorker.CONFIG_KWARGS | {"http": JoiningProtocol}

    def init_signals(self) -> None:
        """Handle signals as gunicorn does, but for the one that ends the worker."""
        super().init_signals()
        if ENDPOINT.responder.monitor is not None:
            ENDPOINT.responder.monitor.write_at_end()


# functions-framework names its worker by this name, once this module is loaded.
uvicorn_worker.UvicornWorker = Worker


async def predict(request: "Request") -> "Answer":
    """Answer one request; functions-framework wants a plain function here."""
    return await ENDPOINT.predict(request)
