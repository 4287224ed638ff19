"""Serve ``app.app`` of the working directory on ``$HOST:$PORT``, with the service's settings."""

import os
import sys
from importlib import import_module

from uvicorn.config import Config
from uvicorn.server import Server

if __name__ == "__main__":
    sys.path.insert(0, os.getcwd())  # noqa: PTH109 - pathlib would be one more import to start
    config = Config(
        import_module("app").app,
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        http="httptools",
        loop="uvloop",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
    )
    Server(config).run()
