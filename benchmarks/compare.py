"""Variants side by side, in rounds: each is started, asked once, loaded, weighed, stopped."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.goals import GOALS, Figure, Goal, Standing
from benchmarks.variants import Variant
from twinserve.config.errors import UserError
from twinserve.measure.cold.starts import (
    LIMIT_S,
    ColdSample,
    Exchange,
    classify_start,
    first_exchange,
)
from twinserve.measure.http import load
from twinserve.measure.http.client import Call, post
from twinserve.measure.machine.conditions import Conditions, begin_measurement
from twinserve.measure.machine.disk import size_bytes
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.statistics import Estimate, estimate, paired_ratio
from twinserve.targets.protocol import Endpoint

CONNECTIONS = 16
SECONDS = 2.0
WARM_UP_SECONDS = 0.3
# Between two attempts at one that opens its port early: to refuse costs it what it needs to start.
RETRY_S = 0.05


@dataclass(frozen=True, slots=True)
class FixedRate:
    """Requests that fall due so many a second, in each round; those of the warm-up go besides."""

    rate: float
    requests: int
    warm_up: int


# Of a run beside the frameworks, of which the slowest answer about a hundred requests a second:
# 500 requests in 5 rounds make a p99, and 18 variants are done in 12 minutes.
PEER_RATE = FixedRate(rate=50.0, requests=100, warm_up=10)
PEER_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Reading:
    """A variant in a round.

    Attributes:
        cold_ms: from spawn to the whole first answer with status 200.
        per_second: answers with status 200, every connection kept busy.
        memory_bytes: proportional set size of the process tree, after the load.
        refused: answers with another status before the first 200, of one that opens its port early.
        latencies_ms: of each request at the fixed rate, from its due moment; none if not asked for.
    """

    round: int
    cold_ms: float
    per_second: float
    memory_bytes: int | None
    refused: int = 0
    latencies_ms: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class VariantResult:
    """All readings of one variant, and their medians.

    Attributes:
        p50_ms, p99_ms: of all requests at the fixed rate; None if it was not asked for.
        environment_bytes: what its virtual environment takes on disk.
        version: of what is not this project's.
    """

    name: str
    cold_ms: Estimate
    per_second: Estimate
    memory_bytes: Estimate | None
    readings: tuple[Reading, ...]
    p50_ms: Estimate | None = None
    p99_ms: Estimate | None = None
    environment_bytes: int | None = None
    version: str = ""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A goal and the median of the ratios, round by round."""

    goal: Goal
    measured: Estimate
    standing: Standing


@dataclass(frozen=True, slots=True)
class Comparison:
    """A run of the comparison."""

    conditions: Conditions
    model: str
    version: str
    rounds: int
    connections: int
    seconds: float
    variants: tuple[VariantResult, ...]
    ratios: tuple[Ratio, ...]
    fixed_rate: FixedRate | None = None


OnReading = Callable[[str, Reading], None]


def compare(
    variants: Sequence[Variant],
    *,
    rounds: int,
    model: tuple[str, str],
    seconds: float | None = None,
    fixed_rate: FixedRate | None = None,
    goals: Sequence[Goal] = GOALS,
    on_reading: OnReading = lambda _name, _reading: None,
) -> Comparison:
    """Run the rounds; each begins with another variant, so that none is always first.

    Raises:
        UserError: a variant does not answer, or not with the right class, or a target's start is
            not proven cold.
    """
    seconds = SECONDS if seconds is None else seconds
    end = begin_measurement()
    readings: dict[str, list[Reading]] = {variant.name: [] for variant in variants}
    seen: set[str] = set()
    for number in range(rounds):
        shift = number % len(variants)
        for variant in (*variants[shift:], *variants[:shift]):
            reading = _read(variant, number, seconds, fixed_rate, seen)
            readings[variant.name].append(reading)
            on_reading(variant.name, reading)
    results = tuple(_summarize(variant, readings[variant.name]) for variant in variants)
    return Comparison(
        conditions=end(),
        model=model[0],
        version=model[1],
        rounds=rounds,
        connections=CONNECTIONS,
        seconds=seconds,
        variants=results,
        ratios=ratios_of(results, goals),
        fixed_rate=fixed_rate,
    )


def ratios_of(
    variants: Sequence[VariantResult], goals: Sequence[Goal] = GOALS
) -> tuple[Ratio, ...]:
    """The goals whose two variants were both run and measured."""
    by_name = {variant.name: variant for variant in variants}
    ratios = []
    for goal in goals:
        if goal.variant not in by_name or goal.against not in by_name:
            continue
        ours = _figures(by_name[goal.variant], goal.figure)
        theirs = _figures(by_name[goal.against], goal.figure)
        if ours and theirs:
            measured = paired_ratio(ours, theirs)
            ratios.append(Ratio(goal, measured, goal.judge(measured)))
    return tuple(ratios)


def _read(
    variant: Variant, number: int, seconds: float, fixed_rate: FixedRate | None, seen: set[str]
) -> Reading:
    body = variant.dialect.body(variant.cases[0].features)
    with variant.target.start() as endpoint:
        exchange, refused = _first_answer(variant, endpoint, body)
        _prove_cold(variant, endpoint, exchange, seen)
        _check_classes(variant, endpoint)
        call = post(endpoint.predict_url, body, headers=endpoint.headers)
        taken = load.back_to_back(
            call, connections=CONNECTIONS, seconds=seconds, warm_up_seconds=WARM_UP_SECONDS
        )
        if taken.errors or not taken.answers:
            raise UserError(
                f"{variant.name}: {taken.errors} requests failed, {taken.answers} were answered"
            )
        latencies = _at_fixed_rate(variant, call, fixed_rate) if fixed_rate else ()
        memory = tree_pss_bytes(endpoint.pid) if endpoint.pid is not None else None
        cold_ms = (exchange.received_ns - endpoint.spawned_ns) / 1e6
        return Reading(number, cold_ms, taken.per_second, memory, refused, latencies)


def _first_answer(variant: Variant, endpoint: Endpoint, body: bytes) -> tuple[Exchange, int]:
    """The first exchange that ends with 200, and how many did not before it."""
    deadline = time.monotonic() + LIMIT_S
    refused = 0
    while True:
        exchange = first_exchange(endpoint, body)
        if exchange.answer is not None and exchange.answer.ok:
            return exchange, refused
        if not variant.opens_early or time.monotonic() > deadline:
            outcome = "no answer" if exchange.answer is None else f"status {exchange.answer.status}"
            raise UserError(f"{variant.name}: its first request got {outcome}, not 200")
        refused += 1
        time.sleep(RETRY_S)


def _prove_cold(variant: Variant, endpoint: Endpoint, exchange: Exchange, seen: set[str]) -> None:
    """A peer tells nothing of itself; whoever does is held to it."""
    if exchange.answer is None or exchange.answer.header("x-instance") is None:
        return
    sample = classify_start(endpoint, exchange, seen)
    if not isinstance(sample, ColdSample):
        raise UserError(f"{variant.name}: its start was not cold: {sample}")
    seen.add(sample.instance)


def _check_classes(variant: Variant, endpoint: Endpoint) -> None:
    """What answers fast must also answer right."""
    if variant.dialect.read is None:
        return
    for case in variant.cases:
        answer = first_exchange(endpoint, variant.dialect.body(case.features)).answer
        try:
            prediction = variant.dialect.prediction(b"" if answer is None else answer.body)
        except ValueError as error:
            raise UserError(f"{variant.name}: not a prediction: {error}") from None
        if prediction != case.prediction:
            raise UserError(
                f"{variant.name}: {case.features} is class {case.prediction}, it answers "
                f"{prediction!r}"
            )


def _at_fixed_rate(variant: Variant, call: Call, wanted: FixedRate) -> tuple[float, ...]:
    arrivals = load.fixed_rate(
        call, requests=wanted.requests, rate=wanted.rate, warm_up=wanted.warm_up
    )
    if arrivals.errors:
        raise UserError(f"{variant.name}: {arrivals.errors} requests at {wanted.rate:g}/s failed")
    return tuple(arrivals.latencies_ms)


def _summarize(variant: Variant, readings: list[Reading]) -> VariantResult:
    memory = [reading.memory_bytes for reading in readings if reading.memory_bytes is not None]
    latencies = [ms for reading in readings for ms in reading.latencies_ms]
    return VariantResult(
        name=variant.name,
        cold_ms=estimate([reading.cold_ms for reading in readings]),
        per_second=estimate([reading.per_second for reading in readings]),
        memory_bytes=estimate(memory) if memory else None,
        readings=tuple(readings),
        p50_ms=estimate(latencies) if latencies else None,
        p99_ms=estimate(latencies, 99) if latencies else None,
        environment_bytes=size_bytes(variant.environment) if variant.environment else None,
        version=variant.version,
    )


def _figures(variant: VariantResult, figure: Figure) -> list[float]:
    """A number a round; empty where memory was not measured in every round."""
    if figure is Figure.COLD:
        return [reading.cold_ms for reading in sorted(variant.readings, key=_round_of)]
    if figure is Figure.THROUGHPUT:
        return [reading.per_second for reading in sorted(variant.readings, key=_round_of)]
    sizes = [reading.memory_bytes for reading in sorted(variant.readings, key=_round_of)]
    return [float(size) for size in sizes if size is not None] if None not in sizes else []


def _round_of(reading: Reading) -> int:
    return reading.round
