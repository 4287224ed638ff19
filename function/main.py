"""The functions-framework entry point, ``predict``. It stands at the top of its bundle.

    functions-framework --target predict [--debug]

Another function may stand beside it, for an event or a path of its own.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# What the bundle holds beside this file, a checkout has beside this file's folder.
ROOT = HERE if (HERE / "manifest.json").exists() else HERE.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from twinserve.inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

from typing import TYPE_CHECKING

import functions_framework.aio

from twinserve.config.errors import UserError
from twinserve.inference import logs
from twinserve.inference.bundle import locate_bundle
from twinserve.inference.endpoint import open_endpoint
from twinserve.inference.http.worker import install_worker

if TYPE_CHECKING:
    import flask
    from starlette.requests import Request

    from twinserve.inference.asgi import Application

logs.install()
try:
    # A function's URL points at its root.
    ENDPOINT, BUNDLE = open_endpoint(locate_bundle(ROOT, "function"), {"/", "/predict"}, ROOT)
    APPLICATION: "Application" = ENDPOINT
    if "middleware" in BUNDLE.settings.own:
        from twinserve.inference.custom import with_middleware

        APPLICATION = with_middleware(ENDPOINT, ROOT)
except UserError as error:
    sys.exit(f"error: {error}")


# With this mark functions-framework starts its ASGI server, whatever FUNCTION_USE_ASGI says.
@functions_framework.aio.http  # type: ignore[arg-type]
def predict(request: "Request | flask.Request") -> "Application | flask.Response":
    """Answer one request.

    functions-framework brings a Starlette request, which has a ``scope``, and runs the ASGI
    application that it is given; a test may bring a Flask request, and is given the response.
    """
    if hasattr(request, "scope"):
        return APPLICATION
    from twinserve.inference.http.direct import answer_flask

    return answer_flask(ENDPOINT, request)


install_worker(ENDPOINT, BUNDLE, APPLICATION, predict.__name__, predict)
