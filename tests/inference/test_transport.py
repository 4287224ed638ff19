"""Head and body of an answer leave in one write, and nothing is lost on the way."""

import asyncio

import pytest

from twinserve.inference.http.transport import MOST_HELD_BACK, JoiningTransport


class RecordingTransport(asyncio.Transport):
    """Keeps each write by itself."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep it."""
        assert not self.closed
        self.writes.append(bytes(data))

    def close(self) -> None:
        """Take no more."""
        self.closed = True

    def abort(self) -> None:
        """Likewise."""
        self.closed = True

    def is_closing(self) -> bool:
        """Whether it takes no more."""
        return self.closed


def written(*steps: str | bytes) -> RecordingTransport:
    """What reaches the socket after writes, a ``turn`` of the loop, or a ``close``."""
    recording = RecordingTransport()

    async def run() -> None:
        joining = JoiningTransport(recording, asyncio.get_running_loop())
        for step in steps:
            if step == "turn":
                await asyncio.sleep(0)
            elif step == "close":
                joining.close()
            else:
                assert isinstance(step, bytes)
                joining.write(step)
        await asyncio.sleep(0)

    asyncio.run(run())
    return recording


@pytest.mark.parametrize(
    ("steps", "writes"),
    [
        ((b"head", b"body"), [b"headbody"]),
        ((b"head", b"body", "turn", b"next"), [b"headbody", b"next"]),
        ((b"head", b"body", "close"), [b"headbody"]),
        ((b"x" * (MOST_HELD_BACK + 1), b"y"), [b"x" * (MOST_HELD_BACK + 1), b"y"]),
        (("close",), []),
    ],
    ids=["joined", "two answers", "before closing", "large at once", "nothing"],
)
def test_writes_are_joined(steps: tuple[str | bytes, ...], writes: list[bytes]) -> None:
    """What one turn of the loop writes goes out as one; closing and size bring that forward."""
    recording = written(*steps)
    assert recording.writes == writes
    assert recording.closed is ("close" in steps)


def test_everything_else_is_the_transports_own() -> None:
    """Other attributes are those of the transport that is stood in for."""
    recording = RecordingTransport()
    loop = asyncio.new_event_loop()
    joining = JoiningTransport(recording, loop)
    assert joining.get_extra_info("peername") == ("127.0.0.1", 1)
    loop.close()


def test_nothing_is_written_after_the_end() -> None:
    """Whoever is told to go gets nothing more, and the rest is thrown away without a fault."""
    recording = RecordingTransport()

    async def run() -> None:
        joining = JoiningTransport(recording, asyncio.get_running_loop())
        joining.write(b"held back")
        joining.abort()
        joining.write(b"too late")
        await asyncio.sleep(0)
        assert joining.is_closing()

    asyncio.run(run())
    assert recording.writes == []
