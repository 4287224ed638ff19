"""A way to a server that breaks down, or falls silent, after some bytes."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_CHUNK = 65536


class Proxy:
    """Passes bytes on; once it has brought ``most`` of them from the server, it closes everything.

    Attributes:
        most: how many it brings; None for all.
        silent: whether it leaves everything open instead, and says nothing more.
        broken: once it has broken down.
    """

    def __init__(self, target: int, most: int | None, *, silent: bool = False) -> None:
        self.most = most
        self.silent = silent
        self.broken = threading.Event()
        self._closed = threading.Event()
        self._target = target
        self._brought = 0
        self._listener = socket.create_server((HOST, 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed.set()
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self._is_over():
                    threading.Thread(target=self._end, args=(client,), daemon=True).start()
                    continue
                server = socket.create_connection((HOST, self._target))
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=ends, daemon=True).start()

    def _is_over(self) -> bool:
        return self.most is not None and self._brought >= self.most

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while content := source.recv(_CHUNK):
                if source.getpeername()[1] == self._target:
                    self._brought += len(content)
                    if self._is_over():
                        self.broken.set()
                        break
                target.sendall(content)
        self._end(source, target)

    def _end(self, *ends: socket.socket) -> None:
        if self.silent and self._is_over():
            self._closed.wait()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
