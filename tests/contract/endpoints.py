"""An endpoint of every kind, made here."""

import asyncio
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from service.front import Service
from service.pages import Pages
from tests.callers import FlaskCaller, InProcessCaller
from twinserve.contract.calls import (
    Caller,
    HttpCaller,
    IntroducedCaller,
)
from twinserve.targets.check_headers import check_headers
from twinserve.targets.local import local_target
from twinserve.targets.protocol import Target
from twinserve.targets.ready import wait_until_answering

IN_PROCESS = (
    "service-in-process",
    "service-pages-in-process",
    "service-app-in-process",
    "function-in-process",
    "function-flask-in-process",
)
PROCESSES = ("service", "function")
NAMES = (*IN_PROCESS, *PROCESSES)


class EndpointsMadeHere:
    """Opens each endpoint when a case first asks for it."""

    names = NAMES

    def __init__(self, dist: Path) -> None:
        self._dist = dist
        self._open: dict[str, Caller] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def __getitem__(self, name: str) -> Caller:
        if name not in self._open:
            self._open[name] = IntroducedCaller(self._make(name), check_headers())
        return self._open[name]

    def _make(self, name: str) -> Caller:
        dist = self._dist
        if name in PROCESSES:
            return self._started(local_target(name, dist / name))
        return _in_process(name, dist)

    def _started(self, target: Target) -> Caller:
        endpoint = self._stack.enter_context(target.start())
        wait_until_answering(endpoint)
        return HttpCaller(endpoint.url)


def _in_process(name: str, dist: Path) -> Caller:
    if name == "function-in-process":
        return InProcessCaller(function_application(dist / "function"))
    if name == "function-flask-in-process":
        return FlaskCaller(dist / "function")
    service = Service(dist / "service")
    if name == "service-app-in-process":
        return InProcessCaller(Pages(service).as_application())
    return InProcessCaller(
        service if name == "service-in-process" else asyncio.run(service.pages())
    )


def function_application(bundle: Path) -> object:
    """functions-framework's own application around the bundle's ``predict``."""
    from functions_framework.aio import create_asgi_app

    os.environ["FUNCTION_TARGET"] = "predict"
    application: object = create_asgi_app(  # type: ignore[no-untyped-call]
        "predict", str(bundle / "main.py"), "http"
    )
    return application
