"""An endpoint as a container of this machine, with the limits and the confinement of a platform."""

import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.targets.engine import Engine
from twinserve.targets.process import LOOPBACK, free_port, spawn
from twinserve.targets.protocol import Endpoint

# Asked with SIGTERM first; Cloud Run gives as long.
STOP_LIMIT_S = 10
START_LIMIT_S = 30.0
POLL_S = 0.002
CONFINEMENT = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=all",
    "--security-opt=no-new-privileges",
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the container may use; memory in MiB, swap included."""

    memory_mib: int = 512
    cpus: float = 1
    processes: int = 64

    def arguments(self) -> list[str]:
        """For the engine's ``run``."""
        memory = f"{self.memory_mib}m"
        return [
            f"--memory={memory}",
            f"--memory-swap={memory}",
            f"--cpus={self.cpus:g}",
            f"--pids-limit={self.processes}",
        ]


@dataclass(frozen=True, slots=True)
class ContainerTarget:
    """An image that listens on ``$PORT``.

    Attributes:
        name: of the endpoint.
        inner_port: that the server is told to listen on, inside a network of its own.
        host_network: use this machine's network instead, which spares the making of another one.
        health: whether the engine runs the image's HEALTHCHECK now and then.
        headers: that every request bears for the user's own middleware.
    """

    name: str
    image: str
    engine: Engine
    inner_port: int = 8080
    host_network: bool = False
    limits: Limits = field(default_factory=Limits)
    health: bool = False
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def start(self) -> Iterator[Endpoint]:
        """See ``twinserve.targets.protocol.Target``.

        Raises:
            UserError: there is no such engine.
        """
        port = free_port(0)
        container = f"twinserve-{self.name}-{secrets.token_hex(4)}"
        with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryFile() as output:
            pid_file = Path(directory) / "pid"
            command = self.command(container, port, pid_file)
            spawned = time.monotonic_ns()
            process, fault = spawn(self.name, command, self.engine.environment(), output)
            try:
                # Without it nobody could tell the container from something far away.
                pid = self._wait_for_pid(container, pid_file, process)
                url = f"http://{LOOPBACK}:{port}"
                yield Endpoint(self.name, url, spawned, pid, fault, headers=self.headers)
            finally:
                self._stop(container, process)

    def command(self, container: str, port: int, pid_file: Path) -> list[str]:
        """The engine's command; it stays attached, so that its end is the container's."""
        command = [self.engine.name, "run", "--rm", f"--name={container}", "--log-driver=none"]
        if self.host_network:
            command += ["--network=host"]
            environment = {"HOST": LOOPBACK, "PORT": str(port)}
        else:
            command += [f"--publish={LOOPBACK}:{port}:{self.inner_port}"]
            environment = {"PORT": str(self.inner_port)}
        command += [f"--env={name}={value}" for name, value in environment.items()]
        if self.engine.name == "podman":
            # It would hand the user's proxies to what it runs.
            command += [f"--pidfile={pid_file}", "--http-proxy=false"]
        if not self.health:
            command += ["--no-healthcheck"]
        return [*command, *self.limits.arguments(), *CONFINEMENT, self.image]

    def _wait_for_pid(
        self, container: str, pid_file: Path, process: subprocess.Popen[bytes]
    ) -> int | None:
        """The server's process as this machine sees it; there before its first line runs."""
        deadline = time.monotonic() + START_LIMIT_S
        while process.poll() is None and time.monotonic() < deadline:
            text = pid_file.read_text() if pid_file.exists() else self._asked_for_pid(container)
            if text.strip().isdecimal() and int(text) > 0:
                return int(text)
            time.sleep(POLL_S)
        return None

    def _asked_for_pid(self, container: str) -> str:
        """Docker writes no such file."""
        if self.engine.name == "podman":
            return ""
        try:
            return self.engine.ask("inspect", "--format={{.State.Pid}}", container)
        except UserError:
            return ""

    def _stop(self, container: str, process: subprocess.Popen[bytes]) -> None:
        if process.poll() is not None:
            return
        try:
            self.engine.ask("stop", f"--time={STOP_LIMIT_S}", container)
            process.wait(STOP_LIMIT_S)
        except (UserError, subprocess.TimeoutExpired):
            # It had ended by then, or was still being made.
            with suppress(UserError):
                self.engine.ask("rm", "--force", container)
            process.kill()
            process.wait()
