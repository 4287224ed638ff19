"""Start a server, ask it for a second, print what it costs: ``… FOLDER PROJECT``, body on stdin."""

import os
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import psutil

from twinserve.config.errors import run_as_command
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_predicting

_FOR_S = 1.0
_HEADERS = {"Content-Type": "application/json"}
_SERVER = "twinserve.training.served.cost.server"


def main() -> None:
    """Print the line."""
    folder, project = sys.argv[1:]
    body = sys.stdin.buffer.read()
    command = (sys.executable, "-m", _SERVER, folder, project)
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    with ProcessTarget("joblib", command, Path(folder), environment).start() as endpoint:
        wait_until_predicting(endpoint, body)
        cold_s = (time.monotonic_ns() - endpoint.spawned_ns) / 1e9
        sys.stdout.write(f"{_said(cold_s, _rate(endpoint, body), endpoint.pid)}\n")


def _rate(endpoint: Endpoint, body: bytes) -> float:
    """Requests a second, one after the other."""
    connection = HTTPConnection(endpoint.url.removeprefix("http://"), timeout=30)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < _FOR_S:
        connection.request("POST", endpoint.path, body, _HEADERS)
        connection.getresponse().read()
        count += 1
    connection.close()
    return count / (time.perf_counter() - began)


def _said(cold_s: float, rate: float, pid: int | None) -> str:
    memory = getattr(psutil.Process(pid).memory_full_info(), "pss", None)
    held = "" if memory is None else f", {memory / 1e6:,.0f} MB of memory"
    return (
        f"measured here, it gives the first answer {cold_s:.1f} s after its start and "
        f"{rate:,.0f} requests/s over a connection{held}"
    )


if __name__ == "__main__":
    run_as_command(main)
