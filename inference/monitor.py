"""Notes each answer at the least cost to it; ``inference.tally`` works the figures out, later.

That module and what it needs are imported once there is something to work out, so that a cold start
pays for this one only.
"""

import signal
import time
from types import FrameType
from typing import TYPE_CHECKING

from inference.telemetry import Instance, write_line

if TYPE_CHECKING:
    from config.card import Card
    from inference.bundle import Bundle
    from inference.tally import Tally

# Noted before they are counted: memory is bounded, and no answer waits for a long count.
MOST_ANSWERS = 500
# A value costs some 50 ns to count: of wider rows not every one is looked at.
MOST_FEATURES = 8
OK = 200


class Monitor:
    """What one instance has answered: counted in batches, told in a line of log now and then.

    A line holds what has been answered since the instance's line before, so that lines of any
    instances add up. It is written by a request, since an instance has no processor in between, no
    more often than ``log_every_s``, and when the instance ends.
    """

    def __init__(self, bundle: "Bundle", instance: Instance) -> None:
        self.card: Card = bundle.card
        self.bundle_hash = bundle.hash
        self.instance = instance
        self.window = bundle.settings.drift_window
        self._interval_ns = bundle.settings.log_every_s * 1_000_000_000
        self._began_ns = time.perf_counter_ns()
        self._due_ns = self._began_ns + self._interval_ns
        self._stride = -(-len(self.card.features) // MOST_FEATURES)
        self._elapsed_ns: list[int] = []
        self._refusals: list[int] = []
        self._classes: list[int] = []
        self._rows: list[list[float]] = []
        self._tally: Tally | None = None

    def predicted(self, features: list[float], prediction: int) -> None:
        """Note a prediction."""
        self._classes.append(prediction)
        self._rows.append(features)

    def answered(self, status: int, elapsed_ns: int, now_ns: int) -> None:
        """Note an answer; ``now_ns`` is of ``time.perf_counter_ns``."""
        self._elapsed_ns.append(elapsed_ns)
        if status != OK:
            self._refusals.append(status)
        if now_ns > self._due_ns:
            self._due_ns = now_ns + self._interval_ns
            self.write_line()
        elif len(self._elapsed_ns) >= MOST_ANSWERS:
            self.tally()

    def tally(self) -> "Tally":
        """All that has been answered so far."""
        tally = self._tally
        if tally is None:
            from inference.tally import Tally

            tally = self._tally = Tally(self.card, self.window, self._began_ns)
        tally.add_answers(self._elapsed_ns, self._refusals)
        tally.add_predictions(self._classes, self._rows[:: self._stride])
        for noted in (self._elapsed_ns, self._refusals, self._classes, self._rows):
            noted.clear()
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
