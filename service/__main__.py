"""Serve the bundle that this package lies in: ``python -m service``, on ``$HOST`` and ``$PORT``."""

from inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

import os
from pathlib import Path

from uvicorn.config import Config

from config.errors import UserError, run_as_command
from inference import logs
from inference.protocol import JoiningProtocol
from service.app import Service
from service.server import DrainingServer


def main() -> None:
    """Open the bundle, then listen until SIGTERM; requests that were accepted are answered."""
    logs.install()
    port = os.environ.get("PORT", "8080")
    if not port.isdigit():
        raise UserError(f"PORT must be a number, found {port!r}")
    service = Service(Path(__file__).resolve().parent.parent)
    if service.responder.monitor is not None:
        service.responder.monitor.write_at_end()
    config = Config(
        service,
        # In a container every interface is the right one; a laptop's targets say 127.0.0.1.
        host=os.environ.get("HOST", "0.0.0.0"),  # noqa: S104
        port=int(port),
        http=JoiningProtocol,
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    DrainingServer(config).run()


if __name__ == "__main__":
    run_as_command(main)
