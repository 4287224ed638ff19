"""What a client may keep an instance waiting for, and how many clients there may be."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from twinserve.inference.contract import Problem

if TYPE_CHECKING:
    from twinserve.inference.http.protocol import Connection

# Where in a request its client is.
BETWEEN, HEAD, BODY = range(3)
# Descriptors that are no client's: the log, the event loop, libraries, what a page reads.
_OWN_DESCRIPTORS = 32
_LONGEST_QUEUE = 2048


class Limits:
    """``serving.connections`` of ``params.yaml``; times are in seconds.

    Attributes:
        first_byte_s: from connecting to the first byte.
        head_s: for a request's head, once it has begun.
        head_bytes: of a request's head; a longer one is refused.
        body_s: for a request's body, and for an answer that is not taken.
        idle_s: between two requests. Cloud Run's front end keeps its connections for 600.
        at_most: connections at once; beyond it the one that was idle the longest is closed.
        end_s: from being told to end to the end, whatever clients do.
    """

    __slots__ = ("at_most", "body_s", "end_s", "first_byte_s", "head_bytes", "head_s", "idle_s")

    def __init__(
        self,
        first_byte_s: float = 10,
        head_s: float = 10,
        head_bytes: float = 64 * 1024,
        body_s: float = 30,
        idle_s: float = 620,
        at_most: float = 1000,
        end_s: float = 8,
    ) -> None:
        self.first_byte_s = float(first_byte_s)
        self.head_s = float(head_s)
        self.head_bytes = int(head_bytes)
        self.body_s = float(body_s)
        self.idle_s = float(idle_s)
        self.at_most = int(at_most)
        self.end_s = float(end_s)

    def fit(self) -> int:
        """Lower ``at_most`` to what this process may open; the length of the queue that is left.

        The kernel hands over all that waits in its queue at once, before any other connection can
        be closed: descriptors must suffice for both.
        """
        # The limit of this process; -1 for none.
        allowed = os.sysconf("SC_OPEN_MAX")
        if allowed < 0:
            return _LONGEST_QUEUE
        left = max(3, allowed - _OWN_DESCRIPTORS)
        self.at_most = max(1, min(self.at_most, left * 2 // 3))
        return max(1, min(_LONGEST_QUEUE, left - self.at_most))


def check(connection: "Connection", now: float) -> None:
    """End the patience with a client that has used up its time."""
    limits, waited = connection.limits, now - connection.since
    cycle, flow = connection.cycle, connection.flow
    if flow.write_paused or connection.transport.is_closing():
        left = connection.transport.get_write_buffer_size()
        if left != connection.untaken:
            connection.untaken, connection.stalled_since = left, now
        elif now - max(connection.since, connection.stalled_since) > limits.body_s:
            connection.transport.abort()
    elif connection.stage == BETWEEN:
        if cycle is None:
            if waited > limits.first_byte_s:
                connection.transport.close()
        elif cycle.response_complete and waited > limits.idle_s:
            connection.transport.close()
    elif not flow.read_paused and waited > (
        limits.head_s if connection.stage == HEAD else limits.body_s
    ):
        too_slow(connection)


def too_slow(connection: "Connection") -> None:
    """Refuse a request that does not become whole."""
    limits = connection.limits
    part, seconds = ("head", limits.head_s) if connection.stage == HEAD else ("body", limits.body_s)
    connection.refuse(Problem(408, f"the {part} of a request must come within {seconds:g} s"))


def make_room(newcomer: "Connection", connections: Iterable["Connection"]) -> None:
    """Close the connection that was idle the longest, or else the one that has kept us waiting."""
    others = [
        other for other in connections if not other.transport.is_closing() and other is not newcomer
    ]
    if len(others) < newcomer.limits.at_most:
        return
    waiting = [connection for connection in others if _keeps_us_waiting(connection)]
    if waiting:
        longest = min(waiting, key=lambda connection: (_is_asking(connection), connection.since))
        longest.transport.lingers = False
        longest.transport.abort() if longest.flow.write_paused else longest.transport.close()
    else:
        newcomer.refuse(Problem(503, "as many connections are open as are allowed; try again"))


def _is_asking(connection: "Connection") -> bool:
    cycle = connection.cycle
    return connection.stage != BETWEEN or not (cycle is None or cycle.response_complete)


def _keeps_us_waiting(connection: "Connection") -> bool:
    return connection.stage != BETWEEN or not _is_asking(connection) or connection.flow.write_paused
