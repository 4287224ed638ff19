"""``make serve RELOAD=1``: what is edited is served."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.pipeline.models.trees import export
from twinserve.contract.calls import HttpCaller
from twinserve.targets.process import free_port

ROUTE = """
from fastapi import APIRouter

router = APIRouter()


@router.get("/own")
def own() -> str:
    return "{}"
"""


def eventually(asked: Callable[[], object], wanted: object) -> None:
    """Ask until the answer comes; servers start anew in between."""
    deadline = time.monotonic() + 60
    answer: object = None
    while time.monotonic() < deadline:
        try:
            answer = asked()
        except OSError as error:
            answer = error
        if answer == wanted:
            return
        time.sleep(0.2)
    raise AssertionError(f"{answer!r}, not {wanted!r}")


def test_edit_is_served_without_a_new_bundle(dist: Path, tmp_path: Path) -> None:
    """Code of ``custom/`` is followed; a fault in it is told, and waits for the next edit."""
    tree = export(tmp_path / "tree")
    for name in ("service", "function"):
        (tree / "dist").mkdir(exist_ok=True)
        (tree / "dist" / name).symlink_to(dist / name)
    ports = {name: free_port() for name in ("SERVICE_PORT", "FUNCTION_PORT")}
    url = f"http://127.0.0.1:{ports['SERVICE_PORT']}"
    routes, log = tree / "custom" / "routes.py", tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "twinserve", "serve", "--reload"],
            cwd=tree,
            env={**os.environ, **{name: str(port) for name, port in ports.items()}},
            stdout=output,
            stderr=output,
        )
        try:
            eventually(lambda: HttpCaller(url).call("GET", "/own").status, 404)
            for text in ("one", "two"):
                routes.write_text(ROUTE.format(text))
                eventually(lambda: HttpCaller(url).call("GET", "/own").body, f'"{text}"'.encode())
            routes.write_text("router = 5")
            eventually(lambda: "expected a fastapi.APIRouter named" in log.read_text(), wanted=True)
            routes.write_text(ROUTE.format("three"))
            eventually(lambda: HttpCaller(url).call("GET", "/own").body, b'"three"')
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        finally:
            process.kill()
    assert "both stopped" in log.read_text()
