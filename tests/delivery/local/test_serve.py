"""``make serve``: both targets in the foreground, stopped together."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from twinserve.contract.calls import HttpCaller
from twinserve.targets.process import free_port

COMMAND = [sys.executable, "-m", "twinserve", "serve"]


@contextmanager
def serving(dist: Path, ports: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The command, running; ended for certain."""
    process = subprocess.Popen(
        COMMAND,
        cwd=dist.parent,
        env={**os.environ, **ports},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_both_until_told_to_stop(dist: Path, number: signal.Signals) -> None:
    """The printed curl lines work; a signal ends both servers and the command exits with 0."""
    ports = {name: str(free_port()) for name in ("SERVICE_PORT", "FUNCTION_PORT")}
    with serving(dist, ports) as process:
        assert process.stdout
        curls = []
        for line in process.stdout:
            if line.strip().startswith("curl "):
                curls.append(shlex.split(line))
            if line.startswith("Ctrl-C"):
                break
        assert [curl[1] for curl in curls] == [
            f"http://127.0.0.1:{port}/predict" for port in ports.values()
        ]
        for _, url, _, header, _, body in curls:
            name, _, value = header.partition(": ")
            reply = HttpCaller(url).call("POST", "/predict", [(name, value)], body.encode())
            assert reply.status == 200
        process.send_signal(number)
        assert process.wait() == 0
        for port in ports.values():
            assert free_port(int(port)) == int(port)


def test_port_in_use_is_one_line(dist: Path) -> None:
    """A port that is taken ends the command with its number, and nothing is left running."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with serving(dist, {"SERVICE_PORT": str(port)}) as process:
            _, errors = process.communicate()
    assert process.returncode == 1
    assert errors.startswith(f"error: port {port} cannot be used")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("port", ["http", "0", "65536"])
def test_port_that_is_none_is_one_line(dist: Path, port: str) -> None:
    """A variable that holds no port is named."""
    with serving(dist, {"FUNCTION_PORT": port}) as process:
        _, errors = process.communicate()
    assert process.returncode == 1
    assert errors == f"error: FUNCTION_PORT must be a port number, found '{port}'\n"
