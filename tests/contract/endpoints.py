"""The endpoints of a run: those given by ``--base-url``, else one of every kind, made here."""

import asyncio
import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from delivery.check import token_variable
from service.front import Service
from service.pages import Pages
from targets.local import local_target
from targets.protocol import Target
from targets.ready import wait_until_answering
from tests.contract.calls import Caller, FlaskCaller, HttpCaller, InProcessCaller

IN_PROCESS = (
    "service-in-process",
    "service-pages-in-process",
    "service-app-in-process",
    "function-in-process",
    "function-flask-in-process",
)
PROCESSES = ("service", "function")


class Endpoints:
    """Opens each endpoint when a case first asks for it."""

    def __init__(self, config: pytest.Config, request: pytest.FixtureRequest) -> None:
        self._given = dict(text.split("=", 1) for text in config.getoption("base_url"))
        self._request = request
        self._open: dict[str, Caller] = {}
        self._stack = ExitStack()

    def __getitem__(self, name: str) -> Caller:
        if name not in self._open:
            self._open[name] = self._make(name)
        return self._open[name]

    def _make(self, name: str) -> Caller:
        if name in self._given:
            return HttpCaller(self._given[name], os.environ.get(token_variable(name)))
        dist: Path = self._request.getfixturevalue("bundles")
        if name in PROCESSES:
            return self._started(local_target(name, dist / name))
        return _in_process(name, dist)

    def _started(self, target: Target) -> Caller:
        endpoint = self._stack.enter_context(target.start())
        wait_until_answering(endpoint)
        return HttpCaller(endpoint.url)

    def close(self) -> None:
        """Stop what was started."""
        self._stack.close()


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
    # As its worker does.
    front: object = sys.modules["main"].Front(application)
    return front


def names(config: pytest.Config) -> list[str]:
    """The endpoints of this run."""
    given = [text.split("=", 1)[0] for text in config.getoption("base_url")]
    return given or [*IN_PROCESS, *PROCESSES]
