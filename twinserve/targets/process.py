"""An endpoint as a process of this machine, on a loopback port."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from twinserve.config.errors import UserError
from twinserve.targets.protocol import Endpoint
from twinserve.targets.tree import kill, process_tree

LOOPBACK = "127.0.0.1"
STOP_LIMIT_S = 10.0


@dataclass(frozen=True, slots=True)
class ProcessTarget:
    """A command that listens on ``$HOST`` and ``$PORT``.

    Attributes:
        name: of the endpoint.
        command: the program and its arguments.
        directory: where it runs.
        environment: all of its environment but ``HOST`` and ``PORT``; nothing is inherited.
        port: to listen on; 0 takes a free one.
        output: where its stdout and stderr go; by default kept aside, to be quoted if it fails.
        path: where it is asked for a prediction.
        headers: that every request to it bears.
    """

    name: str
    command: Sequence[str]
    directory: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = 0
    output: IO[bytes] | None = None
    path: str = "/predict"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def start(self) -> Iterator[Endpoint]:
        """See ``twinserve.targets.protocol.Target``.

        Raises:
            UserError: the port is taken, or the command cannot be run.
        """
        port = free_port(self.port)
        environment = dict(self.environment) | {"HOST": LOOPBACK, "PORT": str(port)}
        with tempfile.TemporaryFile() as kept:
            output = self.output or kept
            spawned = time.monotonic_ns()
            process, fault = spawn(self.name, self.command, environment, output, self.directory)
            try:
                url = f"http://{LOOPBACK}:{port}"
                yield Endpoint(
                    self.name,
                    url,
                    spawned,
                    process.pid,
                    fault,
                    path=self.path,
                    headers=self.headers,
                )
            finally:
                _stop(process)


def spawn(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    output: IO[bytes],
    directory: Path | None = None,
) -> tuple[subprocess.Popen[bytes], Callable[[], str | None]]:
    """A process that writes to ``output``, and how to ask why it has ended.

    Raises:
        UserError: the command cannot be run.
    """
    try:
        process = subprocess.Popen(
            list(command),
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            # Ctrl-C is for whoever started us; we end the process in our own time.
            start_new_session=True,
        )
    except OSError as error:
        raise UserError(f"{name}: cannot run {command[0]}: {error}") from None

    def fault() -> str | None:
        if process.poll() is None:
            return None
        return f"{name} ended with exit code {process.returncode}{last_line(output)}"

    return process, fault


def free_port(wanted: int = 0) -> int:
    """``wanted`` if nothing listens there, or some free port for 0.

    Raises:
        UserError: the port is in use, or is not one that we may take.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, wanted))
        except (OSError, OverflowError) as error:
            raise UserError(f"port {wanted} cannot be used: {error}; choose another one") from None
        port: int = probe.getsockname()[1]
        return port


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the process and what it started: first by asking, then without."""
    # Looked up while the process lives: what it leaves behind has another parent afterwards, and
    # may have left its group and its session long before.
    members = process_tree(process.pid)
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    kill(member for member in members if member.pid != process.pid)


def last_line(output: IO[bytes]) -> str:
    """The last line that was written, after a colon; nothing if there is none to be read."""
    # A user's own file or terminal: to look into it would move where they write.
    if not output.readable():
        return ""
    output.seek(0)
    lines = output.read().decode(errors="replace").strip().splitlines()
    return f": {lines[-1][:500]}" if lines else ""
