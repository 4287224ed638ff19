"""The functions-framework entry point, ``predict``. It stands at the top of its bundle."""

from inference import first_line  # noqa: F401 - before all else: it takes the time

# isort: split

import gc
import logging
import math
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import gunicorn.workers.base
import uvicorn_worker
from gunicorn.arbiter import Arbiter
from gunicorn.workers.workertmp import WorkerTmp

from config.errors import UserError
from inference import logs
from inference.endpoint import open_endpoint
from inference.server import ENDING, DrainingServer, options

if TYPE_CHECKING:
    from gunicorn.config import Config
    from gunicorn.glogging import Logger
    from starlette.requests import Request

    from inference.asgi import Answer, Application, Receive, Scope, Send

logs.install()
# A function's URL points at its root.
PATHS = frozenset({"/", "/predict"})
try:
    ENDPOINT, BUNDLE = open_endpoint(Path(__file__).resolve().parent, PATHS)
except UserError as error:
    sys.exit(f"error: {error}")
LIMITS = BUNDLE.settings.limits


class Front:
    """The application that gunicorn serves: functions-framework's, for what reaches ``predict``.

    It would answer some methods and paths by itself, each in a way of its own.
    """

    def __init__(self, framework: "Application") -> None:
        self._framework = framework

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer as an ASGI application."""
        if scope["method"] == "POST" and scope["path"] in PATHS:
            await self._framework(scope, receive, send)
        else:
            await ENDPOINT(scope, receive, send)


class Heartbeat(WorkerTmp):  # type: ignore[misc]
    """How gunicorn's worker says that it lives, in memory: a bundle needs no folder to write to."""

    def __init__(self, _settings: "Config") -> None:
        self._tmp = os.fdopen(os.memfd_create("heartbeat"), "w+b", 0)


class Worker(uvicorn_worker.UvicornWorker):  # type: ignore[misc]
    """The process that answers: served by our server, and ended with its master."""

    CONFIG_KWARGS = options(LIMITS)

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        # The worker shares the master's memory until it writes there, and a collection of garbage
        # writes to every object that it looks at.
        gc.freeze()
        # uvicorn_worker hands it to gunicorn, which writes plain text to stderr.
        server_log = logging.getLogger("uvicorn.error")
        server_log.handlers, server_log.propagate = [], True

    @classmethod
    def check_config(cls, settings: "Config", log: "Logger") -> None:
        """What the master does otherwise: gunicorn's hook before it starts its workers."""
        # It would write into the home of whoever runs it.
        settings.set("control_socket_disable", True)  # noqa: FBT003
        settings.set("graceful_timeout", math.ceil(LIMITS.end_s))
        log.error_log.handlers, log.error_log.propagate = [], True
        end = signal.getsignal(signal.SIGTERM)
        for number in ENDING:
            # Its other ways to end cut off what is being answered, or start a new worker.
            signal.signal(number, lambda _number, frame: end(signal.SIGTERM, frame))  # type: ignore[operator, misc]

    async def _serve(self) -> None:
        self.config.app = Front(self.wsgi)
        monitor = ENDPOINT.responder.monitor
        at_end = None if monitor is None else monitor.write_line
        server = DrainingServer(self.config, LIMITS, at_end, parent=self.ppid)
        await server.serve(sockets=self.sockets)
        if not server.started:
            sys.exit(Arbiter.WORKER_BOOT_ERROR)


# functions-framework names its worker by this name, once this module is loaded.
uvicorn_worker.UvicornWorker = Worker
if hasattr(os, "memfd_create"):
    gunicorn.workers.base.WorkerTmp = Heartbeat


async def predict(request: "Request") -> "Answer":
    """Answer one request; functions-framework wants a plain function here."""
    return await ENDPOINT.predict(request)
