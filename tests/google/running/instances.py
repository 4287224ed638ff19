"""Processes of bundles: one for each set of code and variables, kept for whoever asks next."""

import dataclasses
import hashlib
import shutil
import socket
import sys
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.google.state import Image, Kind
from twinserve.config.errors import UserError
from twinserve.targets.local import local_function, local_service
from twinserve.targets.process import LOOPBACK, ProcessTarget
from twinserve.targets.protocol import Endpoint

KEPT = 8
START_LIMIT_S = 300.0
POLL_S = 0.01
WRONG = Path(__file__).parent / "wrong_server.py"


@dataclass(slots=True)
class Instance:
    """A process that answers; ``own`` belongs to one revision and is never shared."""

    endpoint: Endpoint
    stack: ExitStack
    own: bool = False


@dataclass(slots=True)
class _Slot:
    """A place for one shared process; its lock is held while that starts."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    instance: Instance | None = None


@dataclass(slots=True)
class Instances:
    """Starts and stops them. One object may serve many fakes one after another."""

    directory: Path
    _slots: dict[str, _Slot] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def snapshot(self, bundle: Path, kind: Kind) -> tuple[str, Path]:
        """A digest of the bundle's content, and a copy that stays as it is now."""
        digest = hashlib.sha256(kind.encode())
        for path in sorted(path for path in bundle.rglob("*") if path.is_file()):
            if "__pycache__" in path.parts:
                continue
            digest.update(str(path.relative_to(bundle)).encode() + b"\0")
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        copy = self.directory / digest.hexdigest()[:16]
        with self._lock:
            if not copy.exists():
                shutil.copytree(bundle, copy, ignore=shutil.ignore_patterns("__pycache__"))
        return f"sha256:{digest.hexdigest()}", copy

    def start(self, image: Image, environment: dict[str, str], *, own: bool) -> Instance:
        """A process that answers, an old one if nothing tells them apart and it need not be fresh.

        Raises:
            UserError: the process ended, or did not answer in time.
        """
        if own:
            return _start(_target(image, environment), own=True)
        key = repr((str(image.bundle), image.kind, sorted(environment.items())))
        with self._lock:
            slot = self._slots[key] = self._slots.pop(key, _Slot())
            while len(self._slots) > KEPT:
                _stop(self._slots.pop(next(iter(self._slots))))
        with slot.lock:
            if slot.instance is None or slot.instance.endpoint.fault() is not None:
                slot.instance = _start(_target(image, environment), own=False)
            return slot.instance

    def start_wrong(self, body: bytes) -> Instance:
        """A server that answers everything with 200 and this body."""
        command = (sys.executable, "-I", str(WRONG))
        target = ProcessTarget("wrong", command, WRONG.parent, {"BODY": body.decode()})
        return _start(target, own=True)

    def close(self) -> None:
        """Stop those that are kept."""
        with self._lock:
            for slot in self._slots.values():
                _stop(slot)
            self._slots.clear()


def _stop(slot: _Slot) -> None:
    with slot.lock:
        if slot.instance is not None:
            slot.instance.stack.close()
            slot.instance = None


def _target(image: Image, environment: dict[str, str]) -> ProcessTarget:
    local = local_service if image.kind == "service" else local_function
    target = local(image.bundle)
    return dataclasses.replace(target, environment={**target.environment, **environment})


def _start(target: ProcessTarget, *, own: bool) -> Instance:
    with ExitStack() as stack:
        endpoint = stack.enter_context(target.start())
        _wait_until_listening(endpoint)
        return Instance(endpoint, stack.pop_all(), own)


def _wait_until_listening(endpoint: Endpoint) -> None:
    """Cloud Run's default start-up probe: a TCP connection, which no request counter sees.

    Raises:
        UserError: the process has ended, or the limit has passed.
    """
    deadline = time.monotonic() + START_LIMIT_S
    address = (LOOPBACK, urlsplit(endpoint.url).port)
    while True:
        try:
            socket.create_connection(address).close()
        except OSError:
            if (fault := endpoint.fault()) is not None:
                raise UserError(fault) from None
            if time.monotonic() > deadline:
                raise UserError(f"{endpoint.url}: nothing listens there") from None
            time.sleep(POLL_S)
        else:
            return
