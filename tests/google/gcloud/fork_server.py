"""One fork server of gcloud for a whole test session, and the client that stands in for gcloud."""

import atexit
import shlex
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from tests.google.gcloud.environment import find_gcloud
from tests.tools import write_program

HERE = Path(__file__).parent
START_LIMIT_S = 300.0
POLL_S = 0.02


_servers: list["subprocess.Popen[bytes]"] = []


def calls_under_way() -> int:
    """How many calls the server has forked that have not ended."""
    parents = [str(server.pid) for server in _servers]
    return sum(_parent(process) in parents for process in Path("/proc").glob("[0-9]*"))


def _parent(process: Path) -> str:
    try:
        # proc(5): the name of the program, in parentheses, is the only field that may hold any.
        return (process / "stat").read_text().rpartition(")")[2].split()[1]
    except OSError:
        return ""


@cache
def shared_client() -> Path:
    """The folder whose ``gcloud`` is answered by the server, which is started at the first call."""
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gcloud-")))
    socket = folder / "socket"
    gcloud = find_gcloud()
    # gcloud's launcher ends in: exec $CLOUDSDK_PYTHON $CLOUDSDK_PYTHON_ARGS .../lib/gcloud.py "$@"
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "CLOUDSDK_PYTHON_ARGS": str(HERE / "gcloud_server.py"),
    }
    output = stack.enter_context((folder / "output").open("wb"))
    server = subprocess.Popen(
        [gcloud, str(socket)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    stack.callback(server.communicate)
    _servers.append(server)
    _wait(server, socket, folder / "output")
    client = shlex.join(
        [sys.executable, "-IS", str(HERE / "gcloud_client.py"), str(socket), gcloud]
    )
    write_program(folder / "bin" / "gcloud", f'#!/bin/sh\nexec {client} "$@"\n')
    return folder / "bin"


def _wait(server: "subprocess.Popen[bytes]", socket: Path, output: Path) -> None:
    """Until it listens; one that cannot start is no harm, for its client becomes plain gcloud."""
    deadline = time.monotonic() + START_LIMIT_S
    while not socket.exists() and server.poll() is None and time.monotonic() < deadline:
        time.sleep(POLL_S)
    if not socket.exists():
        sys.stderr.write(f"no fork server: {output.read_text()[-2000:]}\n")
