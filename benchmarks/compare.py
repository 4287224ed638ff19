"""Variants side by side, in rounds: each is started, asked once, loaded, weighed, stopped."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from benchmarks import load
from benchmarks.client import post
from benchmarks.cold import ColdSample, first_exchange, weigh
from benchmarks.goals import GOALS, Figure, Goal, Standing
from benchmarks.machine import Machine, load_average, read_machine
from benchmarks.memory import tree_pss_bytes
from benchmarks.statistics import Estimate, estimate, paired_ratio
from config.errors import UserError
from targets.protocol import Target

CONNECTIONS = 16
SECONDS = 2.0
WARM_UP_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Reading:
    """One variant in one round.

    Attributes:
        cold_ms: from spawn to the whole first answer with status 200.
        per_second: answers with status 200, every connection kept busy.
        memory_bytes: proportional set size of the process tree, after the load.
    """

    round: int
    cold_ms: float
    per_second: float
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class VariantResult:
    """All readings of one variant, and their medians."""

    name: str
    cold_ms: Estimate
    per_second: Estimate
    memory_bytes: Estimate | None
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A goal and the median of the ratios, round by round."""

    goal: Goal
    measured: Estimate
    standing: Standing


@dataclass(frozen=True, slots=True)
class Comparison:
    """One run; ``taken_at`` is UTC, ISO 8601."""

    taken_at: str
    model: str
    version: str
    rounds: int
    connections: int
    seconds: float
    machine: Machine
    load_before: float | None
    load_after: float | None
    variants: tuple[VariantResult, ...]
    ratios: tuple[Ratio, ...]


OnReading = Callable[[str, Reading], None]


def compare(
    targets: Sequence[Target],
    body: bytes,
    *,
    rounds: int,
    model: tuple[str, str],
    seconds: float | None = None,
    on_reading: OnReading = lambda _name, _reading: None,
) -> Comparison:
    """Run the rounds; each begins with another variant, so that none is always first.

    Raises:
        UserError: a variant does not answer, or a target's start is not proven cold.
    """
    seconds = SECONDS if seconds is None else seconds
    taken_at, load_before = datetime.now(UTC).isoformat(timespec="seconds"), load_average()
    readings: dict[str, list[Reading]] = {target.name: [] for target in targets}
    seen: set[str] = set()
    for number in range(rounds):
        shift = number % len(targets)
        for target in (*targets[shift:], *targets[:shift]):
            reading = _read(target, body, number, seconds, seen)
            readings[target.name].append(reading)
            on_reading(target.name, reading)
    variants = tuple(_summarize(target.name, readings[target.name]) for target in targets)
    return Comparison(
        taken_at=taken_at,
        model=model[0],
        version=model[1],
        rounds=rounds,
        connections=CONNECTIONS,
        seconds=seconds,
        machine=read_machine(),
        load_before=load_before,
        load_after=load_average(),
        variants=variants,
        ratios=ratios_of(variants),
    )


def ratios_of(variants: Sequence[VariantResult]) -> tuple[Ratio, ...]:
    """The goals whose two variants were both run and measured."""
    by_name = {variant.name: variant for variant in variants}
    ratios = []
    for goal in GOALS:
        if goal.variant not in by_name or goal.against not in by_name:
            continue
        ours = _figures(by_name[goal.variant], goal.figure)
        theirs = _figures(by_name[goal.against], goal.figure)
        if ours and theirs:
            measured = paired_ratio(ours, theirs)
            ratios.append(Ratio(goal, measured, goal.judge(measured)))
    return tuple(ratios)


def _read(target: Target, body: bytes, number: int, seconds: float, seen: set[str]) -> Reading:
    with target.start() as endpoint:
        exchange = first_exchange(endpoint, body)
        if exchange.answer is None or not exchange.answer.ok:
            found = "no answer" if exchange.answer is None else f"status {exchange.answer.status}"
            raise UserError(f"{target.name}: its first request got {found}, not 200")
        if exchange.answer.header("x-instance") is not None:
            # A peer tells nothing of itself; whoever does is held to it.
            sample = weigh(endpoint, exchange, seen)
            if not isinstance(sample, ColdSample):
                raise UserError(f"{target.name}: its start was not cold: {sample}")
            seen.add(sample.instance)
        taken = load.back_to_back(
            post(endpoint.predict_url, body),
            connections=CONNECTIONS,
            seconds=seconds,
            warm_up_seconds=WARM_UP_SECONDS,
        )
        if taken.errors or not taken.answers:
            raise UserError(
                f"{target.name}: {taken.errors} requests failed, {taken.answers} were answered"
            )
        memory = tree_pss_bytes(endpoint.pid) if endpoint.pid is not None else None
        cold_ms = (exchange.received_ns - endpoint.spawned_ns) / 1e6
        return Reading(number, cold_ms, taken.per_second, memory)


def _summarize(name: str, readings: list[Reading]) -> VariantResult:
    memory = [one.memory_bytes for one in readings if one.memory_bytes is not None]
    return VariantResult(
        name=name,
        cold_ms=estimate([one.cold_ms for one in readings]),
        per_second=estimate([one.per_second for one in readings]),
        memory_bytes=estimate(memory) if memory else None,
        readings=tuple(readings),
    )


def _figures(variant: VariantResult, figure: Figure) -> list[float]:
    """One number a round; empty where memory was not measured in every round."""
    if figure is Figure.COLD:
        return [one.cold_ms for one in sorted(variant.readings, key=_round_of)]
    if figure is Figure.THROUGHPUT:
        return [one.per_second for one in sorted(variant.readings, key=_round_of)]
    found = [one.memory_bytes for one in sorted(variant.readings, key=_round_of)]
    return [float(one) for one in found if one is not None] if None not in found else []


def _round_of(reading: Reading) -> int:
    return reading.round
