"""A container that is there already, started by an engine that runs already.

That is how a platform starts an instance: an agent on the machine asks its engine, with no client
program to load and nothing to create from the image first.
"""

import http.client
import json
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.targets.container import ContainerTarget
from twinserve.targets.engine import Engine
from twinserve.targets.process import LOOPBACK, free_port
from twinserve.targets.protocol import Endpoint

# Podman answers older versions of its interface too.
START = "/v4.0.0/libpod/containers/{name}/start"
READY_LIMIT_S = 300.0


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=READY_LIMIT_S)
        self._path = path

    def connect(self) -> None:
        """Connect."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


@contextmanager
def running(engine: Engine) -> Iterator[Path]:
    """Podman as a service; the socket that it listens on."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "engine.sock"
        command = [engine.name, "system", "service", "--time=0", f"unix://{path}"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + READY_LIMIT_S
            while not _answers(path):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            yield path
        finally:
            process.terminate()
            process.wait(READY_LIMIT_S)


def _answers(path: Path) -> bool:
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


@dataclass(frozen=True, slots=True)
class CreatedContainer:
    """A target: what ``target`` would run, created before the clock starts."""

    target: ContainerTarget
    engine_socket: Path

    @property
    def name(self) -> str:
        """Of the endpoint."""
        return self.target.name

    @contextmanager
    def start(self) -> Iterator[Endpoint]:
        """Have the engine start it.

        Raises:
            UserError: the engine does not.
        """
        port, container = free_port(0), f"twinserve-created-{secrets.token_hex(4)}"
        with tempfile.TemporaryDirectory() as directory:
            pid_file = Path(directory) / "pid"
            _, _run, *arguments = self.target.command(container, port, pid_file)
            self.target.engine.ask("create", *arguments)
            try:
                spawned = time.monotonic_ns()
                self._ask_to_start(container)
                pid = int(pid_file.read_text())
                url = f"http://{LOOPBACK}:{port}"
                yield Endpoint(self.name, url, spawned, pid, lambda: _fault(pid))
            finally:
                with suppress(UserError):
                    self.target.engine.ask("rm", "--force", "--time=1", container)

    def _ask_to_start(self, container: str) -> None:
        connection = _UnixConnection(self.engine_socket)
        try:
            connection.request("POST", START.format(name=container))
            answer = connection.getresponse()
            if answer.status != http.client.NO_CONTENT:
                why = json.loads(answer.read()).get("message")
                raise UserError(f"{container}: the engine does not start it: {why}")
        finally:
            connection.close()


def _fault(pid: int) -> str | None:
    return None if Path(f"/proc/{pid}").exists() else "the container has ended"
