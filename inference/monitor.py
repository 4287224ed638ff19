"""Counts each answer at the least cost to it; ``inference.tally`` works the figures out, later.

That module and what it needs are imported once there is something to work out, so that a cold start
pays for this one only.
"""

import signal
import struct
import time
from types import FrameType
from typing import TYPE_CHECKING

from inference.telemetry import Instance, write_line

if TYPE_CHECKING:
    from config.card import Card
    from inference.bundle import Bundle
    from inference.tally import Tally

# Rows that are noted before they are binned: memory is bounded, and no answer waits for long.
MOST_ROWS = 500
# Values of features that are looked at in a second; above that one row in so many is. To look at
# all would cost a busy instance more than everything else here, and tell no more.
MOST_VALUES_A_SECOND = 4_000
# Of the rows that are kept to score drift: a bound on memory, for wide ones.
MOST_VALUES_KEPT = 200_000
OK = 200


class Monitor:
    """What one instance has answered: counted at once, told in a line of log now and then.

    A line holds what has been answered since the instance's line before, so that lines of any
    instances add up. It is written by a request, since an instance has no processor in between, no
    more often than ``log_every_s``, and when the instance ends.
    """

    def __init__(self, bundle: "Bundle", instance: Instance) -> None:
        self.card: Card = bundle.card
        self.bundle_hash = bundle.hash
        self.instance = instance
        self._width = len(self.card.features)
        self._row = struct.Struct(f"{self._width}d")
        self._window = min(bundle.settings.drift_window, MOST_VALUES_KEPT // self._width)
        self._interval_ns = bundle.settings.log_every_s * 1_000_000_000
        self._began_ns = time.perf_counter_ns()
        self._due_ns = self._began_ns + self._interval_ns
        self._counted_ns = self._began_ns
        self._stride = 1
        self._passed_over = 0
        # By the number of binary digits of an answer's nanoseconds.
        self._latency = [0] * 65
        self._latency_ns = 0
        self._refusals: dict[int, int] = {}
        self._classes = [0] * len(self.card.classes)
        # Packed: a row that is kept as it came takes its memory out of the middle of what the
        # requests around it use, which makes all of theirs dearer, by more than half of what
        # monitoring costs without it.
        self._rows = bytearray()
        self._most_bytes = MOST_ROWS * self._row.size
        self._tally: Tally | None = None

    def predicted(self, features: list[float], prediction: int) -> None:
        """Note a prediction."""
        self._classes[prediction] += 1
        self._passed_over += 1
        if self._passed_over >= self._stride:
            self._passed_over = 0
            self._rows += self._row.pack(*features)

    def answered(self, status: int, elapsed_ns: int, now_ns: int) -> None:
        """Count an answer; ``now_ns`` is of ``time.perf_counter_ns``."""
        self._latency[elapsed_ns.bit_length()] += 1
        self._latency_ns += elapsed_ns
        if status != OK:
            self._refusals[status] = self._refusals.get(status, 0) + 1
        if now_ns > self._due_ns:
            self._due_ns = now_ns + self._interval_ns
            self._pace(now_ns)
            self.write_line()
        elif len(self._rows) >= self._most_bytes:
            self._pace(now_ns)
            self.tally()

    def _pace(self, now_ns: int) -> None:
        """Set in how many rows one is looked at, from the rate since this was last asked."""
        seconds, self._counted_ns = (now_ns - self._counted_ns) / 1e9, now_ns
        rows = len(self._rows) // self._row.size
        predictions = rows * self._stride + self._passed_over
        allowed = MOST_VALUES_A_SECOND * seconds
        self._stride = max(1, round(predictions * self._width / max(allowed, 1)))

    def tally(self) -> "Tally":
        """All that has been answered so far."""
        tally = self._tally
        if tally is None:
            from inference.tally import Tally

            tally = self._tally = Tally(self.card, self._window, self._began_ns)
        tally.add_answers(self._latency, self._latency_ns, self._refusals)
        tally.add_predictions(self._classes, list(self._row.iter_unpack(self._rows)))
        self._latency, self._latency_ns = [0] * 65, 0
        self._classes = [0] * len(self._classes)
        self._refusals.clear()
        self._rows.clear()
        return tally

    def write_line(self) -> None:
        """Log what has been answered since the last such line, if anything has."""
        line = self.tally().line(self.instance.name, self.bundle_hash)
        if line:
            write_line(line)

    def write_at_end(self) -> None:
        """Write the last line when the process is told to end.

        uvicorn, once it has answered everything, raises the signal again for whoever handled it
        before it came: that is to be this.
        """
        signal.signal(signal.SIGTERM, self._end)

    def _end(self, number: int, _frame: FrameType | None) -> None:
        self.write_line()
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
