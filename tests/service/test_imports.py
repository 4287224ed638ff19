"""What a running server imports before its first prediction: each module is paid at every start."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import IO

import pytest

from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_function, local_service
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

# Third-party packages that a first prediction needs. A name that is added here costs every cold
# start: measure it before.
SERVER = {"click", "h11", "httptools", "uvicorn", "uvloop"}
# What the compiled model is there to spare.
SPARED = {"numpy", "onnxruntime", "scipy", "sklearn"}
FRAMEWORK = {
    "anyio",
    "blinker",
    "cloudevents",
    "deprecation",
    "flask",
    "functions_framework",
    "google",
    "gunicorn",
    "idna",
    "itsdangerous",
    "jinja2",
    "markupsafe",
    "packaging",
    "starlette",
    "typing_extensions",
    "uvicorn_worker",
    "werkzeug",
}
ALLOWED = {"service": SERVER, "function": SERVER | FRAMEWORK}
IMPORTED = re.compile(rb"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


def third_party(output: IO[bytes], packages: Path) -> set[str]:
    """The packages among the modules that ``-X importtime`` has named so far."""
    output.seek(0)
    tops = {name.decode().partition(".")[0] for name in IMPORTED.findall(output.read())}
    return {top for top in tops if (packages / top).is_dir() or (packages / f"{top}.py").exists()}


def watched(name: str, dist: Path, output: IO[bytes]) -> ProcessTarget:
    """A target that tells what it imports."""
    make = local_service if name == "service" else local_function
    target = make(dist / name, output=output)
    variables = {**target.environment, "PYTHONPROFILEIMPORTTIME": "1"}
    return replace(target, environment=variables)


def predicted(endpoint: Endpoint) -> HttpCaller:
    """Wait until the endpoint is up and has answered a prediction."""
    wait_until_answering(endpoint)
    caller = HttpCaller(endpoint.url)
    assert caller.call("POST", "/predict", body=b'{"features": [5, 3, 1, 0]}').status == 200
    return caller


@pytest.mark.parametrize("name", ["service", "function"])
def test_first_prediction_imports_what_it_needs(name: str, dist: Path) -> None:
    """No package but the listed ones is imported before the first prediction."""
    with tempfile.TemporaryFile() as output:
        target = watched(name, dist, output)
        packages = next((Path(target.command[0]).parent.parent / "lib").glob("*/site-packages"))
        with target.start() as endpoint:
            predicted(endpoint)
        imported = third_party(output, packages)
    assert imported > {"httptools", "uvicorn", "uvloop"}
    assert not imported & SPARED
    assert imported <= ALLOWED[name], (
        f"imported before the first prediction: {imported - ALLOWED[name]}"
    )


def test_first_page_builds_fastapi_and_the_next_does_not(dist: Path) -> None:
    """FastAPI is imported by the first request for a page, by no other, and once."""
    with tempfile.TemporaryFile() as output:
        with watched("service", dist, output).start() as endpoint:
            caller = predicted(endpoint)
            caller.call("GET", "/nope")
            caller.call("GET", "/health")
            output.seek(0)
            assert b" fastapi\n" not in output.read()
            assert caller.call("GET", "/docs").status == 200
            assert caller.call("GET", "/openapi.json").status == 200
        output.seek(0)
        assert output.read().count(b" fastapi\n") == 1
