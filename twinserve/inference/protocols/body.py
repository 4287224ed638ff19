"""A body that is longer than one row's may be: read on only if it seems to hold many rows."""

import asyncio

from twinserve.inference.asgi import Receive, declared_length
from twinserve.inference.contract import Problem, TooLarge

# Somewhere in what one row's body may have.
MARK = b'"instances"'


class LongBodies:
    """Reads them: at once as many are in memory as fit, the others wait in their clients' hands."""

    def __init__(self, limit: int, row_limit: int, at_once: int) -> None:
        """``limit`` is a body's, ``row_limit`` that of one for a single row."""
        self._limit = limit
        self._row_limit = row_limit
        self._turns = asyncio.Semaphore(at_once)

    async def read_rows(
        self, receive: Receive, headers: dict[bytes, bytes], refused: TooLarge
    ) -> bytes:
        """The whole body that was refused for its length, if its beginning has the mark.

        Raises:
            Problem: 413, it has not, or is longer than many rows may be; 400, the caller went away.
        """
        begun, whole = refused.begun, refused.whole
        while not whole and len(begun) <= self._row_limit and MARK not in begun:
            begun, whole = await _read(receive, begun)
        if MARK not in begun[: self._row_limit]:
            raise refused
        return await self.read(receive, headers, begun, whole=whole)

    async def read(
        self,
        receive: Receive,
        headers: dict[bytes, bytes],
        begun: bytes = b"",
        *,
        whole: bool = False,
    ) -> bytes:
        """The whole body, of which this has been read.

        Raises:
            Problem: 413, it is longer than the limit; 400, the caller went away.
        """
        if (declared_length(headers.get(b"content-length", b"")) or 0) > self._limit:
            raise TooLarge(self._limit, begun)
        while not whole and len(begun) <= self._row_limit:
            begun, whole = await _read(receive, begun)
        if not whole:
            async with self._turns:
                parts, size = [begun], len(begun)
                while not whole and size <= self._limit:
                    part, whole = await _read(receive, b"")
                    parts.append(part)
                    size += len(part)
                begun = b"".join(parts)
        if len(begun) > self._limit:
            raise TooLarge(self._limit, begun)
        return begun


async def _read(receive: Receive, begun: bytes) -> tuple[bytes, bool]:
    """The next part behind what has been read, and whether that is all."""
    message = await receive()
    if message["type"] == "http.disconnect":
        raise Problem(400, "the connection was closed before the body was whole")
    return begun + message.get("body", b""), not message.get("more_body", False)
