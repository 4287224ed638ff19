"""Counts each answer at the least cost to it; ``tally`` works the figures out, later.

That module and what it needs are imported once there is something to work out, so that a cold start
pays for this one only.
"""

import struct
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from twinserve.inference.asgi import OK, Answer
from twinserve.inference.logs import write_line
from twinserve.inference.telemetry import Instance

if TYPE_CHECKING:
    from twinserve.config.card import Card
    from twinserve.inference.bundle import Bundle
    from twinserve.inference.tally import Tally

# Rows, and values of them, that are noted before they are binned, and that are let through at once
# after a rest: memory is bounded, and no answer waits for long.
MOST_ROWS = 500
MOST_VALUES = 20_000
# Values of features that are looked at in a second, on average. To look at all of them would cost a
# busy instance more than everything else here, and tell no more.
MOST_VALUES_A_SECOND = 1_000
# Of the rows that are kept to score drift: a bound on memory, for wide ones.
MOST_VALUES_KEPT = 200_000
SECOND_NS = 1_000_000_000


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
        width = len(self.card.observed)
        self._texts = any(feature.type == "text" for feature in self.card.features)
        self._packing = struct.Struct(f"{width}d")
        self._window = min(bundle.settings.drift_window, MOST_VALUES_KEPT // width)
        self._interval_ns = bundle.settings.log_every_s * SECOND_NS
        self._began_ns = time.perf_counter_ns()
        self._due_ns = self._began_ns + self._interval_ns
        self._every_ns = width * SECOND_NS // MOST_VALUES_A_SECOND
        most_rows = max(1, min(MOST_ROWS, MOST_VALUES // width))
        self._most_bytes = most_rows * self._packing.size
        # Counted from the row that is let through itself.
        self._rest_ns = (most_rows - 1) * self._every_ns
        self._refusals: dict[int, int] = {}
        self._rows = bytearray()
        self._tally: Tally | None = None
        # Answers by the number of binary digits of their nanoseconds, and all of these together.
        self._latency = [0] * 65
        self._latency_ns = 0
        self._classes = [0] * len(self.card.classes)
        # From when on the next row is looked at; of ``time.perf_counter_ns``.
        self._look_ns = self._began_ns - self._rest_ns

    def note(self, answer: Answer, elapsed_ns: int, now_ns: int) -> None:
        """Count an answer that took so long; times are of ``time.perf_counter_ns``."""
        self._latency[elapsed_ns.bit_length()] += 1
        self._latency_ns += elapsed_ns
        # Of a regression there are none.
        if answer.prediction is not None and self._classes:
            self._classes[int(answer.prediction)] += 1
        if now_ns >= self._look_ns or answer.status != OK:
            self._look(answer, now_ns)

    def note_rows(self, predictions: Sequence[float], rows: Sequence[Sequence[Any]]) -> None:
        """Count predictions that one answer gives, and look at as many of their rows as are due."""
        if self._classes:
            for number in predictions:
                self._classes[int(number)] += 1
        now_ns = time.perf_counter_ns()
        begin_ns = max(self._look_ns, now_ns - self._rest_ns)
        due = min((now_ns - begin_ns) // self._every_ns + 1, len(rows))
        if due < 1:
            return
        self._look_ns = begin_ns + due * self._every_ns
        # From all over them: they may be sorted.
        for place in range(0, due * (step := len(rows) // due), step):
            self._keep(rows[place], predictions[place])
        if len(self._rows) >= self._most_bytes:
            self.tally()

    def _look(self, answer: Answer, now_ns: int) -> None:
        """Note a refusal, and the row if one is due; write or bin what has come together.

        Rows are let through as by a bucket of tokens: all of them up to the allowed rate, and as
        many at once after a rest as are binned at once.
        """
        if answer.status != OK:
            self._refusals[answer.status] = self._refusals.get(answer.status, 0) + 1
        if answer.features is not None and now_ns >= self._look_ns:
            self._look_ns = max(self._look_ns, now_ns - self._rest_ns) + self._every_ns
            self._keep(answer.features, answer.prediction)
        if now_ns > self._due_ns:
            self._due_ns = now_ns + self._interval_ns
            self.write_line()
        elif len(self._rows) >= self._most_bytes:
            self.tally()

    def _keep(self, row: Sequence[Any], prediction: float | None) -> None:
        # Packed: a list that stays takes its memory out of the middle of what the requests around
        # it use, which makes all of theirs dearer.
        if self._texts:
            row = [0.0 if type(value) is str else value for value in row]
        if self.card.target is not None:
            row = [*row, prediction]
        self._rows += self._packing.pack(*row)

    def tally(self) -> "Tally":
        """All that has been answered so far."""
        tally = self._tally
        if tally is None:
            from twinserve.inference.tally import Tally

            tally = self._tally = Tally(self.card, self._window, self._began_ns)
        tally.add_answers(self._latency, self._latency_ns, self._refusals)
        tally.add_predictions(self._classes, list(self._packing.iter_unpack(self._rows)))
        self._latency, self._latency_ns = [0] * 65, 0
        self._classes = [0] * len(self._classes)
        self._refusals.clear()
        self._rows.clear()
        return tally

    def write_line(self) -> None:
        """Log what has been answered since the last such line, if anything has."""
        for line in self.tally().lines(self.instance.name, self.bundle_hash):
            write_line(line)
