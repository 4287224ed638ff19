"""Serve the bundle that this package lies in: ``python -m service``, on ``$HOST`` and ``$PORT``.

On Vertex AI the port is ``$AIP_HTTP_PORT``, which the image's own ``PORT`` does not stand against.
"""

from twinserve.inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

import os
from pathlib import Path
from typing import TYPE_CHECKING

from uvicorn.config import Config

from service.front import Service
from twinserve.config.errors import UserError, run_as_command
from twinserve.inference import logs
from twinserve.inference.bundle import locate_bundle
from twinserve.inference.http.server import DrainingServer, options

if TYPE_CHECKING:
    from twinserve.inference.asgi import Application

PORT_DIGITS = 5
VERTEX_PORT = "AIP_HTTP_PORT"


def main() -> None:
    """Open the bundle, then listen until told to end; requests that were accepted are answered."""
    logs.install()
    root = Path(__file__).resolve().parent.parent
    service = Service(locate_bundle(root, "service"), root)
    settings = service.bundle.settings
    limits = settings.limits
    application: Application = service
    if "middleware" in settings.own:
        from twinserve.inference.custom import with_middleware

        application = with_middleware(service, root)
    config = Config(
        application,
        # In a container every interface is the right one; a laptop's targets say 127.0.0.1.
        host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104
        port=_port(*_named_port()),
        **options(limits, lifespan="routes" in settings.own),
    )
    monitor = service.responder.monitor
    DrainingServer(config, limits, None if monitor is None else monitor.write_line).run()


def _named_port() -> tuple[str, str]:
    """The variable that says where to listen, and what it says."""
    if vertex := os.environ.get(VERTEX_PORT):
        return VERTEX_PORT, vertex
    return "PORT", os.environ.get("PORT", "8080")


def _port(variable: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= PORT_DIGITS and int(text) < 2**16):
        raise UserError(f"{variable} must be a number below 65536, found {text[:40]!r}")
    return int(text)


if __name__ == "__main__":
    run_as_command(main)
