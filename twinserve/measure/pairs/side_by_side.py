"""Base and candidate in turns: each round starts both afresh, then asks both by turns."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Literal

import numpy as np

from twinserve.config.errors import UserError
from twinserve.config.measurement import Measurement
from twinserve.measure.cold.starts import prove
from twinserve.measure.http import load
from twinserve.measure.http.client import Call, post
from twinserve.measure.statistics import (
    Estimate,
    Outcome,
    estimate,
    estimate_series,
    judge_budget,
    paired_ratio,
    worst,
)
from twinserve.targets.protocol import Endpoint, Target

FigureName = Literal["cold start, p50", "warm latency, p50", "warm latency, p99"]
COLD: FigureName = "cold start, p50"
WARM: FigureName = "warm latency, p50"
TAIL: FigureName = "warm latency, p99"
# The rule by which warm-up is discarded: the first round, which reads from the disk what later ones
# find in memory, and the first requests of each round, on fresh connections.
WARM_UP_ROUNDS = 1
WARM_UP_REQUESTS = 25


@dataclass(frozen=True, slots=True)
class Side:
    """A target to start, and the body of a request that it answers with 200."""

    target: Target
    body: bytes


@dataclass(frozen=True, slots=True)
class Reading:
    """A side in a round: its cold starts, and each latency at the fixed rate."""

    cold_ms: tuple[float, ...]
    latencies_ms: tuple[float, ...]

    @property
    def p50_ms(self) -> float:
        return float(np.median(self.latencies_ms))


@dataclass(frozen=True, slots=True)
class Round:
    """Both sides, side by side."""

    base: Reading
    candidate: Reading


@dataclass(frozen=True, slots=True)
class Compared:
    """A figure of both sides in milliseconds, and what the gate says.

    Attributes:
        ratio: candidate over base, round by round; None for a figure that only has a budget.
    """

    figure: FigureName
    base_ms: Estimate
    candidate_ms: Estimate
    ratio: Estimate | None
    outcome: Outcome


def take_rounds(base: Side, candidate: Side, wanted: Measurement) -> Iterator[Round]:
    """The rounds that ``params.yaml`` asks for, after the round that is dropped.

    Raises:
        UserError: a side cannot be started, is not cold, or fails to answer.
    """
    sides, seen = (base, candidate), set[str]()
    for number in range(-WARM_UP_ROUNDS, wanted.comparison.rounds):
        taken = _take_round(sides, number, wanted, seen)
        if number >= 0:
            yield taken


def _take_round(
    sides: tuple[Side, Side], number: int, wanted: Measurement, seen: set[str]
) -> Round:
    colds: tuple[list[float], list[float]] = ([], [])
    calls: dict[int, Call] = {}
    with ExitStack() as running:
        for start in range(wanted.comparison.cold_starts):
            # The side that begins this time ends the next. The last endpoints stay, to be asked.
            running.close()
            for place in (0, 1) if (number + start) % 2 == 0 else (1, 0):
                cold_ms, calls[place] = _start(sides[place], running, seen)
                colds[place].append(cold_ms)
        arrivals = load.fixed_rate_in_turns(
            [calls[0], calls[1]],
            requests=wanted.comparison.warm_requests,
            rate=wanted.warm_rate,
            warm_up=WARM_UP_REQUESTS,
        )
    for side, arrival in zip(sides, arrivals, strict=True):
        if arrival.errors:
            name, asked = side.target.name, wanted.comparison.warm_requests
            raise UserError(f"{name}: {arrival.errors} of {asked} requests failed")
    base, candidate = (
        Reading(tuple(cold_ms), tuple(arrival.latencies_ms))
        for cold_ms, arrival in zip(colds, arrivals, strict=True)
    )
    return Round(base, candidate)


def compare_rounds(rounds: Sequence[Round], wanted: Measurement) -> tuple[Compared, ...]:
    """The gate's verdicts on cold start and warm latency."""
    budgets, allowed = wanted.budgets, wanted.comparison.allowed_ratio
    sides = [[taken.base for taken in rounds], [taken.candidate for taken in rounds]]
    starts = [[cold_ms for taken in side for cold_ms in taken.cold_ms] for side in sides]
    halves = [[taken.p50_ms for taken in side] for side in sides]
    colds, medians = [estimate(taken) for taken in starts], [estimate(taken) for taken in halves]
    tails = [estimate_series([taken.latencies_ms for taken in side], 99) for side in sides]
    cold, warm = paired_ratio(*reversed(starts)), paired_ratio(*reversed(halves))
    in_budget = judge_budget(colds[1], budgets.cold_p50_ms)
    outcome = worst([judge_budget(cold, allowed), in_budget])
    return (
        Compared(COLD, colds[0], colds[1], cold, outcome),
        Compared(WARM, medians[0], medians[1], warm, judge_budget(warm, allowed)),
        Compared(TAIL, tails[0], tails[1], None, judge_budget(tails[1], budgets.warm_p99_ms)),
    )


def _start(side: Side, running: ExitStack, seen: set[str]) -> tuple[float, Call]:
    """Milliseconds of a cold start, and how to ask what was started."""
    endpoint: Endpoint = running.enter_context(side.target.start())
    sample = prove(side.target.name, endpoint, side.body, seen)
    return sample.total_ms, post(
        endpoint.predict_url, side.body, token=endpoint.token, headers=endpoint.headers
    )
