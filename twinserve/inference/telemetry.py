"""Who answers, since when, and what its start cost; and one line of log a request."""

import json
import os
import re
import time
from pathlib import Path

from twinserve.inference.asgi import Scope
from twinserve.inference.first_line import FIRST_LINE_NS
from twinserve.inference.logs import shortened, write_line

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_CLOUD_TRACE = re.compile(rb"([0-9a-f]{32})(?:/\d{1,20})?(?:;o=[0-3])?")
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~-]{1,64}")

_SEVERITIES = {2: "INFO", 3: "INFO", 4: "WARNING", 5: "ERROR"}
# Paths come from outside: without bounds, remembering them would leak memory.
_MOST_REMEMBERED = 64
_LONGEST_REMEMBERED = 256
# Of a path, as JSON; it stands in a line twice, and a line has its bound.
_MOST_PATH_BYTES = 1600

# proc(5): field 22 of /proc/self/stat, counted from the one after the command's closing bracket.
_START_TIME = 22 - 3


def process_start_ns() -> int:
    """When this process began, on ``time.monotonic_ns``'s clock.

    Linux counts it in ticks of 10 ms, rounded down, so it may be up to one tick early. Elsewhere,
    the processor time spent so far is taken off the first line's moment: never earlier than true.
    """
    try:
        fields = Path("/proc/self/stat").read_bytes().rpartition(b")")[2].split()
        since_boot = int(fields[_START_TIME]) * 1_000_000_000 // os.sysconf("SC_CLK_TCK")
        age = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - since_boot
    except (OSError, AttributeError, IndexError, ValueError):
        return FIRST_LINE_NS - time.process_time_ns()
    return time.monotonic_ns() - age


class Instance:
    """A process that answers, from its first line to its last request.

    Attributes:
        requests: answered so far; health requests do not count.
        start_cost: the parts of the start in the form of a ``Server-Timing`` header.
    """

    def __init__(self) -> None:
        self.requests = 0
        self._ids_made = 0
        self._began_ns = process_start_ns()
        self._marked_ns = self._began_ns
        self.start_cost = ""
        self._renew()
        # A server may load us once and answer from forks: each of them is an instance.
        os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        # RFC 9651 tokens start with a letter.
        self.name = f"i{os.urandom(6).hex()}"

    def mark(self, part: str, at_ns: int | None = None) -> None:
        """End a part of the start: what has passed since the last mark is its share."""
        now = at_ns or time.monotonic_ns()
        separator = ", " if self.start_cost else ""
        self.start_cost += f"{separator}{part};dur={(now - self._marked_ns) / 1e6:.1f}"
        self._marked_ns = now

    def header(self) -> bytes:
        """The ``X-Instance`` header, an RFC 9651 item; the age is in milliseconds."""
        age = (time.monotonic_ns() - self._began_ns) / 1e6
        return b"%b; requests=%d; age=%.3f" % (self.name.encode(), self.requests, age)

    def request_id(self, offered: bytes | None) -> str:
        """The caller's id if it is well formed, else one that is unique to this request."""
        if offered is not None and _REQUEST_ID.fullmatch(offered):
            return offered.decode()
        self._ids_made += 1
        return f"{self.name}-{self._ids_made}"


def trace_of(headers: dict[bytes, bytes]) -> str | None:
    """The trace id, 32 hex digits, that W3C's or Google's header carries."""
    if (value := headers.get(b"traceparent")) is not None:
        match = _TRACEPARENT.fullmatch(value)
    elif (value := headers.get(b"x-cloud-trace-context")) is not None:
        match = _CLOUD_TRACE.fullmatch(value)
    else:
        return None
    return match[1].decode() if match else None


class RequestLog:
    """One JSON object a line on stdout, in the form that Cloud Logging understands.

    A query string, a body, an address or a user agent may be personal and is never written.
    """

    def __init__(self) -> None:
        project = os.environ.get("GOOGLE_CLOUD_PROJECT")
        self._trace_prefix = f"projects/{project}/traces/" if project else ""
        self._escaped: dict[tuple[str, str], tuple[str, str]] = {}

    def request(
        self,
        scope: Scope,
        status: int,
        elapsed_ns: int,
        request_id: str,
        trace: str | None,
    ) -> None:
        """Write the line of one answered request."""
        severity = _SEVERITIES[status // 100]
        trace_member = (
            f',"logging.googleapis.com/trace":"{self._trace_prefix}{trace}"' if trace else ""
        )
        message, request = self._escape(scope["method"], scope["path"])
        write_line(
            f'{{"severity":"{severity}","message":"{message} {status}","httpRequest":{{{request},'
            f'"status":{status},"latency":"{elapsed_ns / 1e9:.6f}s"}}{trace_member},'
            f'"request_id":"{request_id}"}}\n'
        )

    def _escape(self, method: str, path: str) -> tuple[str, str]:
        """Method and path as JSON text, remembered for the few that recur."""
        known = self._escaped.get((method, path))
        if known is None:
            shown = shortened(path, _MOST_PATH_BYTES)
            message = json.dumps(f"{method} {shown}")[1:-1]
            request = f'"requestMethod":{json.dumps(method)},"requestUrl":{json.dumps(shown)}'
            known = (message, request)
            if len(self._escaped) < _MOST_REMEMBERED and len(path) <= _LONGEST_REMEMBERED:
                self._escaped[method, path] = known
        return known
