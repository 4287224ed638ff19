"""Runs gcloud's own code without its start-up: imports it once and forks for every call.

Not imported by the tests: gcloud's launcher starts it with gcloud's own Python, as
``gcloud_server.py .../lib/gcloud.py SOCKET``, so that it finds what the launcher exports. It ends
when its standard input does. ``gcloud_client`` is the other side.
"""

import atexit
import contextlib
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import socket
import sys
import threading
from pathlib import Path
from types import ModuleType

BLOCK = 1 << 20
# The exit code of a call that has run to its end, in the child that ran it.
ended: "list[int]" = []


class Call:
    """A forked gcloud, and the client that waits for it.

    ``pipe`` carries the names of modules that it had to import, and ends when it does.
    """

    def __init__(self, client: socket.socket, pid: int, pipe: int) -> None:
        self.client = client
        self.pid = pid
        self.pipe = pipe
        self.learnt = b""

    def finish(self) -> None:
        """Tell the client how it ended."""
        _, status = os.waitpid(self.pid, 0)
        os.close(self.pipe)
        with contextlib.suppress(OSError):
            self.client.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        self.client.close()


def serve(path: str) -> "tuple[dict[str, object], list[int], int] | None":
    """Answer until the standard input ends; returns a request in the child that is to run it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.new")
    listener.listen(64)
    # Whoever sees the name can connect.
    Path(f"{path}.new").rename(path)
    watched = selectors.DefaultSelector()
    watched.register(listener, selectors.EVENT_READ)
    watched.register(0, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj == 0:
                return None
            if key.fileobj is not listener:
                _attend(watched, key)
                continue
            client, _ = listener.accept()
            request, descriptors = _receive(client)
            if request is None:
                client.close()
                continue
            read_end, write_end = os.pipe()
            pid = os.fork()
            if pid == 0:
                watched.close()
                listener.close()
                client.close()
                os.close(read_end)
                return request, descriptors, write_end
            for descriptor in [*descriptors, write_end]:
                os.close(descriptor)
            call = Call(client, pid, read_end)
            watched.register(client, selectors.EVENT_READ, call)
            watched.register(call.pipe, selectors.EVENT_READ, call)


def _attend(watched: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    """A client has a signal to pass on or has gone, or a call has ended."""
    call: Call = key.data
    if key.fileobj is call.client:
        try:
            number = call.client.recv(1)
        except OSError:
            number = b""
        os.kill(call.pid, number[0] if number else signal.SIGKILL)
        if not number:
            watched.unregister(call.client)
    elif block := os.read(call.pipe, BLOCK):
        call.learnt += block
    else:
        watched.unregister(call.pipe)
        with contextlib.suppress(KeyError, ValueError):
            watched.unregister(call.client)
        call.finish()
        _learn(call.learnt.decode().split())


def _receive(client: socket.socket) -> "tuple[dict[str, object] | None, list[int]]":
    """The request, a JSON object that ends with a line, and the three standard descriptors.

    None from a client that was killed before it had said what it wants.
    """
    text, descriptors, _, _ = socket.recv_fds(client, BLOCK, 3)
    while not text.endswith(b"\n"):
        more = client.recv(BLOCK)
        if not more:
            for descriptor in descriptors:
                os.close(descriptor)
            return None, []
        text += more
    return json.loads(text), descriptors


def _learn(names: "list[str]") -> None:
    """Import what a call had to import, for those to come."""
    if not names:
        return
    for name in names:
        if name not in sys.modules:
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    gc.collect()
    gc.freeze()


def run(
    entry: ModuleType, request: "dict[str, object]", descriptors: "list[int]", learnt: int
) -> None:
    """Be gcloud, in the caller's place."""
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.chdir(str(request["directory"]))
    exported = {name: os.environ[name] for name in EXPORTED if name in os.environ}
    os.environ.clear()
    os.environ.update(exported | dict(request["environment"]))  # type: ignore[call-overload]
    sys.argv = [str(entry.__file__), *request["arguments"]]  # type: ignore[misc]
    before = set(sys.modules)
    atexit.register(_tell, before, learnt)
    try:
        entry.main()
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            ended.append(leaving.code or 0)
        raise


def _tell(before: "set[str]", descriptor: int) -> None:
    names = [name for name in sys.modules if name not in before and not name.startswith("_")]
    os.write(descriptor, "\n".join(names).encode())
    os.close(descriptor)


def _leave() -> None:
    """End a call without taking the interpreter apart, which copies every page: half its time."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


# What the launcher exports.
EXPORTED = (
    "CLOUDSDK_ROOT_DIR",
    "CLOUDSDK_PYTHON_SITEPACKAGES",
    "CLOUDSDK_GSUTIL_PYTHON",
    "CLOUDSDK_BQ_PYTHON",
    "CLOUDSDK_ENCODING",
    "PYTHONIOENCODING",
)

if __name__ == "__main__":
    # The first to be registered is the last to be run.
    atexit.register(_leave)
    sys.path[0] = str(Path(sys.argv[1]).parent)
    gcloud = importlib.util.spec_from_file_location("gcloud", sys.argv[1])
    module = importlib.util.module_from_spec(gcloud)  # type: ignore[arg-type]
    gcloud.loader.exec_module(module)  # type: ignore[union-attr]
    importlib.import_module("googlecloudsdk.gcloud_main")
    assert threading.active_count() == 1, "a fork would lose a thread"
    gc.freeze()
    task = serve(sys.argv[2])
    if task is not None:
        run(module, *task)
