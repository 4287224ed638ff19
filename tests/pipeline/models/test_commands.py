"""FastAPI's and Google's own commands, in a checkout and in a bundle: the contract under each."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.pipeline.models.trees import restored
from tests.tools import run
from twinserve.contract.calls import HttpCaller
from twinserve.contract.check import check_contract
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering

BIN = Path(sys.executable).parent
# As docs/service.md and docs/function.md have them; a shell fills in where to listen.
SERVICE = {
    "python": "python -m service",
    "uvicorn": "uvicorn service.app:app --host $HOST --port $PORT",
    "uvicorn, reloading": "uvicorn service.app:app --reload --host $HOST --port $PORT",
    "uvicorn, a factory": "uvicorn --factory service.app:create_app --host $HOST --port $PORT",
    "fastapi dev": "fastapi dev service/app.py --host $HOST --port $PORT",
    "fastapi run": "fastapi run service/app.py --host $HOST --port $PORT",
    "gunicorn": "gunicorn -k uvicorn_worker.UvicornWorker service.app:app --bind $HOST:$PORT",
}
FUNCTION = {
    "functions-framework": "functions-framework --target predict",
    # What the buildpack starts where it is told no more than the function's name.
    "buildpack": "FUNCTION_TARGET=predict functions-framework",
}


def started(name: str, line: str, directory: Path, home: Path) -> ProcessTarget:
    """A command under way there; gunicorn leaves a folder of its own in a user's home."""
    environment = {"PATH": f"{BIN}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(home)}
    return ProcessTarget(name, ("/bin/sh", "-c", f"exec env {line}"), directory, environment)


@pytest.mark.parametrize(
    ("line", "folder"),
    [(SERVICE["uvicorn"], "."), (FUNCTION["functions-framework"], "function")],
)
def test_command_of_either_documentation_serves_a_checkout(
    line: str, folder: str, dist: Path, tmp_path: Path
) -> None:
    """By day, as much of it as a prediction and a refusal."""
    with started("one", line, dist.parent / folder, tmp_path).start() as endpoint:
        wait_until_answering(endpoint)
        caller = HttpCaller(endpoint.url)
        right = caller.call("POST", "/predict", body=b'{"features": [5.1, 3.5, 1.4, 0.2]}')
        wrong = caller.call("POST", "/predict", body=b'{"features": [1]}')
    assert right.body == b'{"prediction": 0, "model_version": "v1.0"}'
    assert (wrong.status, wrong.headers["content-type"]) == (422, "application/problem+json")


@pytest.mark.nightly
@pytest.mark.parametrize("place", ["checkout", "bundle"])
@pytest.mark.parametrize(
    ("target", "name"),
    [*(("service", name) for name in SERVICE), *(("function", name) for name in FUNCTION)],
)
def test_contract_holds_under_each_command(
    target: str, name: str, place: str, dist: Path, tmp_path: Path
) -> None:
    """In a checkout, once there is a bundle in `dist/`, and in a bundle by the checkout's programs.

    The function is told no variable but its name, as Google's pages deploy one by hand.
    """
    directory = dist / target
    if place == "checkout":
        # Another test may make the shared tree's files anew, which whoever reloads would follow.
        tree = restored(tmp_path / "tree")
        directory = tree / "function" if target == "function" else tree
    line = (SERVICE if target == "service" else FUNCTION)[name]
    with started(target, line, directory, tmp_path).start() as endpoint:
        wait_until_answering(endpoint)
        assert check_contract([endpoint], dist / "service" / "model.json").failed == 0


def test_checkout_without_a_bundle_ends_gunicorn_with_one_line(dist: Path, tmp_path: Path) -> None:
    """Which starts a worker anew whatever else it ended with; the others just end."""
    for room in ("twinserve", "service"):
        shutil.copytree(dist / "service" / room, tmp_path / room)
    command = [str(BIN / "gunicorn"), "-k", "uvicorn_worker.UvicornWorker", "service.app:app"]
    command += ["--bind=127.0.0.1:0"]
    done = run(command, cwd=tmp_path, timeout=60)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert line.endswith("make the bundle with `dvc repro`")
    assert "Traceback" not in done.stderr
