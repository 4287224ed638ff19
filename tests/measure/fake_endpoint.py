"""A stand-in for a target: bare ASGI that answers as the contract's headers say, or misbehaves.

Run with ``HOST`` and ``PORT``, and with ``MODE`` for what it is to do wrong.
"""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import uvicorn

MODE = os.environ.get("MODE", "")
NAME = "fixed" if MODE == "same instance" else f"i{os.urandom(6).hex()}"
BODY = b'{"prediction": 0, "model_version": "v1.0"}'
answered = 0


def age_ms() -> float:
    """Of this process, from the kernel's account of its start."""
    fields = Path("/proc/self/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return (time.clock_gettime(time.CLOCK_BOOTTIME) - since_boot) * 1e3


async def app(
    scope: MutableMapping[str, Any],
    receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
) -> None:
    """Answer one request."""
    global answered  # noqa: PLW0603 - one process, one count
    await receive()
    if scope["path"] == "/health":
        await _answer(send, 200, [], b"")
        return
    answered += 1
    if MODE == "dies" or (MODE == "dies second" and answered > 1):
        os.kill(os.getpid(), signal.SIGKILL)
    if MODE == "hangs":
        await asyncio.Event().wait()
    failed = {
        "fails": True,
        "fails every third": answered % 3 == 0,
        "fails from second": answered > 1,
    }
    status = 503 if failed.get(MODE) else 200
    count = answered + (MODE == "second")
    headers = [
        (b"x-instance", b"%b; requests=%d; age=%.3f" % (NAME.encode(), count, age_ms())),
        (b"server-timing", b"interpreter;dur=40.0, imports;dur=20.5, predict;dur=0.041"),
    ]
    if MODE == "anonymous":
        headers = []
    if MODE == "closes":
        headers.append((b"connection", b"close"))
    if MODE != "chunked":
        headers.append((b"content-length", b"%d" % len(BODY)))
    await _answer(send, status, headers, BODY)


async def _answer(
    send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    status: int,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app,
        host=os.environ["HOST"],
        port=int(os.environ["PORT"]),
        lifespan="off",
        access_log=False,
        log_config=None,
        ssl_certfile=os.environ.get("CERTIFICATE"),
        ws="none",
        timeout_graceful_shutdown=0,  # what hangs must not hang the test's end
        loop="uvloop",
        http="httptools",
    )
