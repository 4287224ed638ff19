"""gunicorn's worker under functions-framework: served by our server, and ended with its master."""

import gc
import logging
import math
import os
import signal
import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import gunicorn.workers.base
import uvicorn_worker
from gunicorn.arbiter import Arbiter
from gunicorn.workers.workertmp import WorkerTmp
from starlette.requests import Request

from twinserve.inference.http.server import ENDING, DrainingServer, options

if TYPE_CHECKING:
    from gunicorn.config import Config
    from gunicorn.glogging import Logger

    from twinserve.inference.asgi import Application, Receive, Scope, Send
    from twinserve.inference.bundle import Bundle
    from twinserve.inference.endpoint import PredictionHandler

Predict = Callable[[Request], Any]


class Front:
    """The served application: ``predict`` for a request that reaches it, else its application.

    functions-framework would answer some methods and paths by itself, each in a way of its own.
    """

    def __init__(
        self, application: "Application", paths: Collection[str], predict: Predict
    ) -> None:
        self._application = application
        self._paths = paths
        self._predict = predict

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Answer as an ASGI application."""
        if scope["method"] == "POST" and scope["path"] in self._paths:
            await self._predict(Request(scope, receive))(scope, receive, send)
        else:
            await self._application(scope, receive, send)


class Heartbeat(WorkerTmp):  # type: ignore[misc]
    """How gunicorn's worker says that it lives, in memory: a bundle needs no folder to write to."""

    def __init__(self, _settings: "Config") -> None:
        self._tmp = os.fdopen(os.memfd_create("heartbeat"), "w+b", 0)


def install_worker(
    endpoint: "PredictionHandler",
    bundle: "Bundle",
    application: "Application",
    target: str,
    predict: Predict,
) -> None:
    """Have functions-framework serve ``predict``, which gives ``application``, by a worker of ours.

    Another function of the same module, which ``FUNCTION_TARGET`` may name, is served as the
    framework serves it.
    """
    limits = bundle.settings.limits

    class Worker(uvicorn_worker.UvicornWorker):  # type: ignore[misc]
        """The process that answers."""

        CONFIG_KWARGS = options(limits)

        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)
            # The worker shares the master's memory until it writes there, and a collection of
            # garbage writes to every object that it looks at.
            gc.freeze()
            # uvicorn_worker hands it to gunicorn, which writes plain text to stderr.
            server_log = logging.getLogger("uvicorn.error")
            server_log.handlers, server_log.propagate = [], True

        @classmethod
        def check_config(cls, settings: "Config", log: "Logger") -> None:
            """What the master does otherwise: gunicorn's hook before it starts its workers."""
            # It would write into the home of whoever runs it.
            settings.set("control_socket_disable", True)  # noqa: FBT003
            settings.set("graceful_timeout", math.ceil(limits.end_s))
            log.error_log.handlers, log.error_log.propagate = [], True
            end = signal.getsignal(signal.SIGTERM)
            for number in ENDING:
                # Its other ways to end cut off what is being answered, or start a new worker.
                signal.signal(number, lambda _number, frame: end(signal.SIGTERM, frame))  # type: ignore[operator, misc]

        async def _serve(self) -> None:
            if os.environ.get("FUNCTION_TARGET") == target:
                self.config.app = Front(application, endpoint.paths, predict)
            else:
                self.config.app = self.wsgi
            monitor = endpoint.responder.monitor
            at_end = None if monitor is None else monitor.write_line
            server = DrainingServer(self.config, limits, at_end, parent=self.ppid)
            await server.serve(sockets=self.sockets)
            if not server.started:
                sys.exit(Arbiter.WORKER_BOOT_ERROR)

    # functions-framework names its worker by this name, once the function's module is loaded.
    uvicorn_worker.UvicornWorker = Worker
    if hasattr(os, "memfd_create"):
        gunicorn.workers.base.WorkerTmp = Heartbeat
