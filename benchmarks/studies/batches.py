"""Many rows in one request: what they cost the handler, what they spare, whom they keep waiting."""

import json
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.measure.cold.starts import first_exchange
from twinserve.measure.http import load
from twinserve.measure.http.client import Call, golden_body, post
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table, readable_time
from twinserve.measure.pages.text import interval, milliseconds, per_second, ratio
from twinserve.measure.statistics import Estimate, paired_ratio
from twinserve.targets.local import local_function, local_service, local_target
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

MOST_HANDLER_MS = 4.0
LEAST_TIMES = 12.0
MOST_WAIT_MS = 10.0
CONNECTIONS = 16
BURST_SECONDS, WARM_UP_SECONDS = 1.0, 0.3
# Of single requests beside which full ones are sent.
RATE, REQUESTS, WARM_UP = 200.0, 1000, 100


@dataclass(frozen=True, slots=True)
class Batches:
    """Of one target.

    Attributes:
        rows: of a full request.
        handler_ms: median of a full request in the handler.
        singles, batched: rows a second, alone and in full requests, round by round.
        alone_ms, beside_ms: p99 of single requests at a fixed rate, without and with one
            connection that sends full ones without a pause, round by round.
    """

    target: str
    rows: int
    handler_ms: float
    singles: tuple[float, ...]
    batched: tuple[float, ...]
    alone_ms: tuple[float, ...]
    beside_ms: tuple[float, ...]

    @property
    def times(self) -> Estimate:
        """Rows a second in full requests over those alone."""
        return paired_ratio(self.batched, self.singles)

    @property
    def wait_ms(self) -> float:
        """The milliseconds that full requests add to the p99 of single ones beside them."""
        return median(self.beside_ms) - median(self.alone_ms)

    @property
    def holds(self) -> bool:
        """Each of the three."""
        return (
            self.handler_ms <= MOST_HANDLER_MS
            and self.times.value >= LEAST_TIMES
            and self.wait_ms <= MOST_WAIT_MS
        )


@dataclass(frozen=True, slots=True)
class Study:
    """A run of the study."""

    conditions: Conditions
    targets: tuple[Batches, ...]


def study_batches(names: Sequence[str], rounds: int, dist: Path) -> Study:
    """Measure the named targets of the bundles in ``dist``.

    Raises:
        UserError: there is no bundle, or one does not answer.
    """
    end = begin_measurement()
    card = bundled_card()
    rows = load_params().serving.max_rows
    full = json.dumps({"instances": full_rows(card, rows)}).encode()
    measured = tuple(
        _of_target(name, dist, (golden_body(card), full), rows, rounds) for name in names
    )
    return Study(end(), measured)


def full_rows(card: Card, count: int) -> list[object]:
    """Golden rows, in turns."""
    rows = [case.features for case in card.golden]
    return [rows[number % len(rows)] for number in range(count)]


def handler_ms(name: str, dist: Path, body: bytes) -> float:
    """The median time of a request in the handler, as the target itself logs it."""
    make = local_service if name == "service" else local_function
    with tempfile.TemporaryFile() as output:
        with make(dist / name, output=output).start() as endpoint:
            wait_until_answering(endpoint)
            _burst(endpoint, post(endpoint.predict_url, body), connections=1)
        output.seek(0)
        requests = [json.loads(line).get("httpRequest", {}) for line in output]
    answered = [request for request in requests if request.get("requestMethod") == "POST"]
    return median(float(request["latency"].removesuffix("s")) for request in answered) * 1e3


def _of_target(
    name: str, dist: Path, bodies: tuple[bytes, bytes], rows: int, rounds: int
) -> Batches:
    in_handler = handler_ms(name, dist, bodies[1])
    singles: list[float] = []
    batched: list[float] = []
    alone: list[float] = []
    beside: list[float] = []
    with local_target(name, dist / name).start() as endpoint:
        for body in bodies:
            answer = first_exchange(endpoint, body).answer
            if answer is None or not answer.ok:
                raise UserError(f"{name}: its first request was not answered with 200")
        single, full = (post(endpoint.predict_url, body) for body in bodies)
        for number in range(rounds):
            pair = [(single, 1, singles), (full, rows, batched)]
            for call, each, taken in pair if number % 2 else reversed(pair):
                taken.append(_burst(endpoint, call) * each)
            alone.append(_p99(single))
            beside.append(_p99_beside(single, full))
    return Batches(
        name, rows, in_handler, tuple(singles), tuple(batched), tuple(alone), tuple(beside)
    )


def _burst(endpoint: Endpoint, call: Call, connections: int = CONNECTIONS) -> float:
    taken = load.back_to_back(
        call,
        connections=connections,
        seconds=BURST_SECONDS,
        warm_up_seconds=WARM_UP_SECONDS,
    )
    if taken.errors or not taken.answers:
        raise UserError(f"{endpoint.name}: {taken.errors} requests failed under load")
    return taken.per_second


def _p99(call: Call) -> float:
    arrivals = load.fixed_rate(call, requests=REQUESTS, rate=RATE, warm_up=WARM_UP)
    if arrivals.errors:
        raise UserError(f"{arrivals.errors} single requests failed")
    return float(np.percentile(arrivals.latencies_ms, 99))


def _p99_beside(call: Call, full: Call) -> float:
    # A process of its own: in this one it would hold up the clock of the others.
    streaming = multiprocessing.get_context("spawn").Process(
        target=load.back_to_back,
        args=(full,),
        kwargs={
            "connections": 1,
            "seconds": (REQUESTS + WARM_UP) / RATE + 2,
            "warm_up_seconds": 0.0,
        },
    )
    streaming.start()
    try:
        time.sleep(1)
        return _p99(call)
    finally:
        streaming.kill()
        streaming.join()


def table(study: Study) -> Table:
    """The figures beside what they are to be."""
    rows = [
        Row(
            result.target,
            (
                Cell(milliseconds(result.handler_ms)),
                Cell(per_second(median(result.singles))),
                Cell(per_second(median(result.batched))),
                Cell(ratio(result.times.value), interval(result.times)),
                Cell(milliseconds(result.wait_ms)),
                Cell("holds" if result.holds else "missed"),
            ),
        )
        for result in study.targets
    ]
    columns = (
        "",
        f"in the handler, at most {MOST_HANDLER_MS:g} ms",
        "rows/s alone",
        "rows/s in full requests",
        f"times, at least {LEAST_TIMES:g}",
        f"added to p99 beside, at most {MOST_WAIT_MS:g} ms",
        "",
    )
    first = study.targets[0]
    caption = (
        f"Requests for {first.rows:,} rows, {CONNECTIONS} connections, {len(first.singles)} rounds "
        f"in turns; p99 of single requests at {RATE:g}/s beside one connection of full ones"
    )
    return Table(caption, columns, tuple(rows))


def markdown(study: Study) -> str:
    """The table for ``docs/performance.md``."""
    conditions = study.conditions
    taken = f"Taken {readable_time(conditions.taken_at)} on {conditions.machine}.\n"
    return f"{as_markdown(table(study))}\n{taken}"
