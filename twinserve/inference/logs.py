"""The log: one JSON object a line on stdout, in the form that Cloud Logging understands.

Writing never waits for whoever reads: what does not go out at once is kept, up to a bound, and
tried again; what is beyond the bound is dropped, counted, and told once there is room.
"""

import json
import logging
import os
import select
import stat
import time
from collections import deque

# A pipe takes a write of up to so many bytes whole or not at all (Linux's PIPE_BUF): what several
# processes write to it does not mix.
MOST_LINE_BYTES = 4096
MOST_WAITING_BYTES = 256 * 1024
STDOUT = 1
# Of a line that is cut: the quotes and the mark, as JSON.
_MARK = "…"
_MARK_BYTES = 8


class Output:
    """Lines on their way out of this process.

    Attributes:
        dropped: how many lines were thrown away so far.
    """

    def __init__(self, descriptor: int = STDOUT) -> None:
        self.dropped = 0
        self._told = 0
        self._descriptor = descriptor
        self._poll: select.poll | None = None
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0

    def never_wait(self) -> None:
        """From now on a reader that stalls stalls nobody here.

        A pipe or a terminal is opened anew, since others share the open file that was inherited,
        and would find their own writes failing. What cannot be opened (another user's pipe, a
        socket) is asked before each write whether it has room. A file on a disk that stalls is
        waited for.
        """
        try:
            if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
                return
        except OSError:
            # It is closed: there is no log.
            return
        # Linux refuses to open a socket, as it does another user's pipe.
        flags = os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
        try:
            self._descriptor = os.open(f"/proc/self/fd/{self._descriptor}", flags)
        except OSError:
            self._poll = select.poll()
            self._poll.register(self._descriptor, select.POLLOUT)

    def write(self, line: bytes) -> None:
        """Write one line, or keep it for later."""
        if not self._waiting and self._written(line):
            return
        if self._waiting_bytes + len(line) > MOST_WAITING_BYTES:
            self.dropped += 1
        else:
            self._waiting.append(line)
            self._waiting_bytes += len(line)
        self.flush()

    def flush(self) -> bool:
        """Write what was kept; whether all of it, and of what was dropped, is out."""
        waiting = self._waiting
        while waiting:
            line = waiting.popleft()
            self._waiting_bytes -= len(line)
            if not self._written(line):
                # What is left of a line that has begun comes first.
                waiting.appendleft(line)
                self._waiting_bytes += len(line)
                return False
        if self.dropped > self._told:
            lines, self._told = self.dropped - self._told, self.dropped
            text = f"{lines} lines of the log were dropped: whoever reads it was too slow"
            self.write(event_line("WARNING", text, dropped=str(lines)))
        return not waiting

    def flush_within(self, seconds: float) -> bool:
        """Write what was kept, waiting for whoever reads no longer than this."""
        deadline = time.monotonic() + seconds
        while not self.flush():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True

    def _written(self, line: bytes) -> bool:
        """Whether there was room; a reader that went away must not cost an answer either."""
        try:
            if self._poll is not None and not self._poll.poll(0):
                return False
            written = os.write(self._descriptor, line)
        except BlockingIOError:
            return False
        except OSError:
            return True
        if written < len(line):
            # A terminal or a socket takes a part.
            self._waiting.appendleft(line[written:])
            self._waiting_bytes += len(line) - written
        return True


OUTPUT = Output()


def write_line(line: str) -> None:
    """Write one line, its end included, of at most ``MOST_LINE_BYTES``."""
    OUTPUT.write(line.encode())


def write_event(severity: str, message: str, **members: str) -> None:
    """Write one line that is not a request's."""
    OUTPUT.write(event_line(severity, message, **members))


def event_line(severity: str, message: str, **members: str) -> bytes:
    """The event's line; of a message that is too long, such as a traceback, the end."""
    line = json.dumps({"severity": severity, "message": message, **members}) + "\n"
    if len(line) > MOST_LINE_BYTES:
        rest = len(line) - len(json.dumps(message))
        message = shortened(message, MOST_LINE_BYTES - rest, end=True)
        line = json.dumps({"severity": severity, "message": message, **members}) + "\n"
    return line.encode()


def shortened(text: str, most: int, *, end: bool = False) -> str:
    """As much of the beginning, or of the end, as takes ``most`` bytes as JSON, and a mark."""
    if len(json.dumps(text)) <= most:
        return text
    kept = text[-most:] if end else text[:most]
    while kept and len(json.dumps(kept)) > most - _MARK_BYTES:
        less = len(kept) * 7 // 8
        kept = kept[len(kept) - less :] if end else kept[:less]
    return _MARK + kept if end else kept + _MARK


class JsonHandler(logging.Handler):
    """Writes each record, with its traceback, as one line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record; Python's level names are Cloud Logging's severities."""
        write_event(record.levelname, self.format(record), logger=record.name)


def install() -> None:
    """Send every logger's warnings and errors to the log, which waits for nobody from now on."""
    OUTPUT.never_wait()
    logging.basicConfig(handlers=[JsonHandler()], level=logging.WARNING)
