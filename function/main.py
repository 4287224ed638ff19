"""The functions-framework entry point, ``predict``. It stands at the top of its bundle."""

from inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from uvicorn_worker import UvicornWorker

from config.errors import UserError
from inference import logs
from inference.endpoint import open_endpoint
from inference.protocol import JoiningProtocol

if TYPE_CHECKING:
    from starlette.requests import Request

    from inference.asgi import Answer

logs.install()
# The worker is made after this module is loaded, and asks its class which protocol to speak.
UvicornWorker.CONFIG_KWARGS["http"] = JoiningProtocol
try:
    # A function's URL points at its root.
    ENDPOINT, _ = open_endpoint(Path(__file__).resolve().parent, {"/", "/predict"})
except UserError as error:
    sys.exit(f"error: {error}")


async def predict(request: "Request") -> "Answer":
    """Answer one request; functions-framework wants a plain function here."""
    return await ENDPOINT.predict(request)
