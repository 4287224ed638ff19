"""A server that keeps DVC's objects: what is asked of any of them."""

import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

READY_S = 60.0
HOST = "127.0.0.1"
Write = Callable[[str, bytes | None], None]
Options = Mapping[str, str | bool]
Variables = Mapping[str, str]


@dataclass(frozen=True)
class Login:
    """What somebody comes with.

    Attributes:
        options: of the remote, which a machine keeps for itself.
        variables: of the environment.
    """

    options: Options = field(default_factory=dict)
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True)
class Server:
    """A remote that is under way.

    Attributes:
        url: for `dvc remote add`.
        port: where it listens, as ``url``, ``options`` and ``login`` say.
        write: puts other bytes in the place of an object, or takes it away.
        login: of somebody whom it lets in.
        options: of the remote, for everybody.
        refused: whom it does not let in, by what is wrong with their login.
    """

    url: str
    port: int
    write: Write
    login: Login
    options: Options = field(default_factory=dict)
    refused: Mapping[str, Login] = field(default_factory=dict)

    def through(self, port: int) -> "Server":
        """The same server, for whoever comes by another port."""

        def moved(texts: Mapping[str, str | bool]) -> dict[str, str | bool]:
            return {
                name: text.replace(f":{self.port}", f":{port}") if isinstance(text, str) else text
                for name, text in texts.items()
            }

        variables = {name: str(text) for name, text in moved(self.login.variables).items()}
        return replace(
            self,
            url=self.url.replace(f":{self.port}", f":{port}"),
            port=port,
            options=moved(self.options),
            login=Login(moved(self.login.options), variables),
        )


def started(
    stack: ExitStack,
    command: Sequence[str],
    port: int,
    environment: Variables | None = None,
) -> None:
    """Have a program that listens by now, until the stack is closed."""
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
            return
