"""FastAPI's and Google's own commands, in a checkout and in a bundle: the contract under each."""

import sys
from pathlib import Path

import pytest

from twinserve.contract.check import check_contract
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering

BIN = Path(sys.executable).parent
# As docs/service.md and docs/function.md have them; a shell fills in where to listen.
SERVICE = {
    "python": "python -m service",
    "uvicorn": "uvicorn service.app:app --host $HOST --port $PORT",
    "uvicorn, reloading": "uvicorn service.app:app --reload --host $HOST --port $PORT",
    "fastapi dev": "fastapi dev service/app.py --host $HOST --port $PORT",
    "fastapi run": "fastapi run service/app.py --host $HOST --port $PORT",
    "gunicorn": "gunicorn -k uvicorn_worker.UvicornWorker service.app:app --bind $HOST:$PORT",
}
FUNCTION = {
    "functions-framework": "functions-framework --target predict",
    # What the buildpack starts where it is told no more than the function's name.
    "buildpack": "FUNCTION_TARGET=predict functions-framework",
}
QUICK = ("uvicorn", "functions-framework")


def started(name: str, line: str, directory: Path) -> ProcessTarget:
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(directory)}
    return ProcessTarget(name, ("/bin/sh", "-c", f"exec env {line}"), directory, environment)


def marked(names: dict[str, str], place: str) -> list[object]:
    """Each command; by day one of a kind, in the checkout."""
    return [
        pytest.param(name, id=f"{name}, {place}")
        if name in QUICK and place == "checkout"
        else pytest.param(name, id=f"{name}, {place}", marks=pytest.mark.nightly)
        for name in names
    ]


def hold(target: ProcessTarget, dist: Path) -> None:
    """The contract holds there."""
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        assert check_contract([endpoint], dist / "service" / "model.json").failed == 0


@pytest.mark.parametrize("name", marked(SERVICE, "checkout"))
def test_contract_holds_for_the_service_of_a_checkout(name: str, dist: Path) -> None:
    """Once there is a bundle in `dist/`."""
    hold(started("service", SERVICE[name], dist.parent), dist)


@pytest.mark.parametrize("name", marked(SERVICE, "bundle"))
def test_contract_holds_for_the_service_of_a_bundle(name: str, dist: Path) -> None:
    """With the checkout's programs."""
    hold(started("service", SERVICE[name], dist / "service"), dist)


@pytest.mark.parametrize("name", marked(FUNCTION, "checkout"))
def test_contract_holds_for_the_function_of_a_checkout(name: str, dist: Path) -> None:
    """In `function/`, with no variable but the function's name."""
    hold(started("function", FUNCTION[name], dist.parent / "function"), dist)


@pytest.mark.parametrize("name", marked(FUNCTION, "bundle"))
def test_contract_holds_for_the_function_of_a_bundle(name: str, dist: Path) -> None:
    """As Google's pages deploy one by hand."""
    hold(started("function", FUNCTION[name], dist / "function"), dist)
