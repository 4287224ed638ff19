"""The cost of monitoring: each target with it and without it, in pairs, in one run."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from statistics import mean

from benchmarks.variants import UNMONITORED, prepare
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.measure.cold.starts import first_exchange
from twinserve.measure.http import load
from twinserve.measure.http.client import golden_body, post
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.pages.publish import as_markdown
from twinserve.measure.pages.render import Cell, Row, Table, readable_time
from twinserve.measure.pages.text import interval, milliseconds, ratio
from twinserve.measure.pairs.cold_starts import take_pairs
from twinserve.measure.statistics import Estimate, paired_ratio
from twinserve.targets.protocol import Endpoint, Target

LEAST_THROUGHPUT = 0.95
MOST_COLD = 1.03
CONNECTIONS = 16
# Two processes of the same program differ by more than two bursts of one of them: many short rounds
# tell more than few long ones.
BURST_SECONDS = 0.35
MOST_BURSTS = 5
WARM_UP_SECONDS = 0.15
# Cold starts are taken in parts between the rounds of throughput, so that one run has both.
PARTS = 10


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one target; ratios are with monitoring to without it, round by round."""

    target: str
    throughput: Estimate
    cold: Estimate
    per_second: tuple[tuple[float, float], ...]
    cold_ms: tuple[tuple[float, float], ...]

    @property
    def throughput_holds(self) -> bool:
        """No more than a twentieth is lost, by the whole interval."""
        return self.throughput.low >= LEAST_THROUGHPUT

    @property
    def cold_holds(self) -> bool:
        """No difference is seen, and one that is over the bound would have been."""
        return self.cold.low <= 1 <= self.cold.high <= MOST_COLD

    @property
    def proven(self) -> bool:
        """Both hold."""
        return self.throughput_holds and self.cold_holds


@dataclass(frozen=True, slots=True)
class Proof:
    """A run of the study."""

    conditions: Conditions
    costs: tuple[Cost, ...]


def prove(
    names: Sequence[str], cold_rounds: int, rounds: int, say: Callable[[str], object]
) -> Proof:
    """Measure the named targets, each against itself without monitoring.

    Raises:
        UserError: there is no bundle, or one does not answer.
    """
    end = begin_measurement()
    card = bundled_card()
    body = golden_body(card)
    costs = []
    for name in names:
        monitored, unmonitored = prepare([name, f"{name} {UNMONITORED}"], card)
        costs.append(_cost(name, (monitored.target, unmonitored.target), body, cold_rounds, rounds))
        say(str(_line(costs[-1])))
    return Proof(end(), tuple(costs))


def _cost(
    name: str, pair: tuple[Target, Target], body: bytes, cold_rounds: int, rounds: int
) -> Cost:
    cold: list[tuple[float, float]] = []
    rates: list[tuple[float, float]] = []
    parts = min(PARTS, cold_rounds, rounds)
    named = ((name, pair[0]), (f"{name} {UNMONITORED}", pair[1]))
    for part in range(parts):
        pairs = take_pairs(*named, body, _share(cold_rounds, part, parts))
        cold += [(ours.total_ms, theirs.total_ms) for ours, theirs in pairs]
        for _ in range(_share(rounds, part, parts)):
            rates.append(_rates(pair, body, odd=len(rates) % 2 == 1))
    return Cost(
        target=name,
        throughput=paired_ratio(*zip(*rates, strict=True)),
        cold=paired_ratio(*zip(*cold, strict=True)),
        per_second=tuple(rates),
        cold_ms=tuple(cold),
    )


def _share(whole: int, part: int, parts: int) -> int:
    return whole * (part + 1) // parts - whole * part // parts


def _rates(pair: tuple[Target, Target], body: bytes, *, odd: bool) -> tuple[float, float]:
    """Requests a second of both, side by side: one two two one, in odd rounds the other way."""
    with ExitStack() as stack:
        endpoints = [stack.enter_context(target.start()) for target in pair]
        for endpoint in endpoints:
            answer = first_exchange(endpoint, body).answer
            if answer is None or not answer.ok:
                raise UserError(f"{endpoint.name}: its first request was not answered with 200")
        taken: tuple[list[float], list[float]] = ([], [])
        for place in (1, 0, 0, 1) if odd else (0, 1, 1, 0):
            taken[place].append(_burst(endpoints[place], body))
        return mean(taken[0]), mean(taken[1])


def _burst(endpoint: Endpoint, body: bytes) -> float:
    request = post(endpoint.predict_url, body, headers=endpoint.headers)
    # On a machine that is busy with something else a burst may pass before a client had its turn.
    for _ in range(MOST_BURSTS):
        taken = load.back_to_back(
            request,
            connections=CONNECTIONS,
            seconds=BURST_SECONDS,
            warm_up_seconds=WARM_UP_SECONDS,
        )
        if taken.errors:
            raise UserError(f"{endpoint.name}: {taken.errors} requests failed under load")
        if taken.answers:
            return taken.per_second
    raise UserError(f"{endpoint.name}: no request was answered in {MOST_BURSTS} bursts")


def markdown(proof: Proof) -> str:
    """The table for ``docs/performance.md``."""
    rows = [
        Row(
            cost.target,
            (
                Cell(ratio(cost.throughput.value), interval(cost.throughput)),
                Cell(f"{LEAST_THROUGHPUT:g}"),
                Cell(ratio(cost.cold.value), interval(cost.cold)),
                Cell(f"{MOST_COLD:g}"),
                Cell("holds" if cost.proven else "missed"),
            ),
        )
        for cost in proof.costs
    ]
    columns = ("", "requests/s", "at least", "cold start", "at most", "")
    first = proof.costs[0]
    caption = (
        f"With monitoring over without it, {len(first.per_second)} pairs of loads and "
        f"{len(first.cold_ms)} pairs of cold starts of each"
    )
    conditions = proof.conditions
    taken = f"Taken {readable_time(conditions.taken_at)} on {conditions.machine}.\n"
    return f"{as_markdown(Table(caption, columns, tuple(rows)))}\n{taken}"


def _line(cost: Cost) -> str:
    medians = sorted(with_monitoring for with_monitoring, _ in cost.cold_ms)
    return (
        f"{cost.target}: with monitoring over without it: requests/s "
        f"{ratio(cost.throughput.value)} ({interval(cost.throughput)}, at least "
        f"{LEAST_THROUGHPUT:g}: {'holds' if cost.throughput_holds else 'missed'}); cold start, "
        f"{milliseconds(medians[len(medians) // 2])}, {ratio(cost.cold.value)} "
        f"({interval(cost.cold)}, to hold 1 and at most {MOST_COLD:g}: "
        f"{'holds' if cost.cold_holds else 'missed'})"
    )
