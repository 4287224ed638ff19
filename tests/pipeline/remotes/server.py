"""A server that keeps DVC's objects: what is asked of any of them."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

READY_S = 120.0
HOST = "127.0.0.1"
Write = Callable[[str, bytes | None], None]
Options = Mapping[str, str | bool]


@dataclass(frozen=True)
class Server:
    """A remote that is under way.

    Attributes:
        url: for `dvc remote add`.
        options: of the remote, besides; those of a login are in ``login``.
        login: options that a machine keeps for itself.
        environment: variables that let somebody in.
        wrong: login and variables that do not.
        write: puts other bytes in the place of an object, or takes it away.
        stop: ends the server.
    """

    scheme: str
    url: str
    write: Write
    stop: Callable[[], None]
    options: Options = field(default_factory=dict)
    login: Options = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    wrong: tuple[Options, Mapping[str, str]] | None = None


def started(
    stack: ExitStack,
    command: Sequence[str],
    port: int,
    environment: Mapping[str, str] | None = None,
) -> Callable[[], None]:
    """A program that listens by now; what is returned ends it."""
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )

    def stop() -> None:
        process.kill()
        process.wait()

    stack.callback(stop)
    deadline = time.monotonic() + READY_S
    while True:
        try:
            socket.create_connection((HOST, port), timeout=5).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{command[0]} does not listen on {port}") from None
            time.sleep(0.1)
        else:
            return stop
