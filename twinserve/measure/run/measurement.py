"""A measurement of several targets side by side: cold, warm, throughput, memory."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from twinserve.config.errors import UserError
from twinserve.config.measurement import Budgets, Measurement
from twinserve.measure.cold.anatomy import typical_parts
from twinserve.measure.cold.starts import ColdSample, classify_start, first_exchange
from twinserve.measure.http import load
from twinserve.measure.http.client import Call, post
from twinserve.measure.machine.conditions import begin_measurement
from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.measure.run.results import (
    COLD_MEDIAN,
    WARM_P99,
    Cold,
    Discarded,
    Plan,
    Results,
    Subject,
    TargetResult,
    Throughput,
    Verdict,
    Warm,
)
from twinserve.measure.statistics import Estimate, estimate, estimate_series, judge_budget
from twinserve.targets.protocol import Endpoint, Target

T = TypeVar("T")

ROUNDS = 3
THROUGHPUT_SECONDS = 0.5
THROUGHPUT_WARM_UP_SECONDS = 0.2
# Sent and dropped at the head of each round: connections open, caches and branches settle.
WARM_UP_SHARE = 10
LEAST_WARM_UP = 50


@dataclass(frozen=True, slots=True)
class Progress:
    """A step has been taken: ``done`` of ``total`` in the whole measurement."""

    stage: str
    target: str
    done: int
    total: int


OnProgress = Callable[[Progress], None]


@dataclass
class _Findings:
    """The samples of a target so far."""

    target: Target
    cold: list[ColdSample] = field(default_factory=list)
    discarded: Counter[str] = field(default_factory=Counter)
    arrivals: list[load.Arrivals] = field(default_factory=list)
    throughput: dict[int, list[load.Throughput]] = field(default_factory=dict)
    memory: int | None = None


def plan_of(wanted: Measurement) -> Plan:
    """The plan that ``params.yaml`` asks for, with the rules that it leaves to us."""
    a_round = -(-wanted.warm_requests // ROUNDS)
    return Plan(
        cold_samples=wanted.cold_samples,
        warm_requests=a_round * ROUNDS,
        warm_rate=wanted.warm_rate,
        warm_up_requests=max(LEAST_WARM_UP, a_round // WARM_UP_SHARE),
        rounds=ROUNDS,
        connections=tuple(wanted.connections),
        throughput_seconds=THROUGHPUT_SECONDS,
    )


def measure(
    targets: Sequence[Target],
    body: bytes,
    wanted: Measurement,
    subject: Subject,
    on_progress: OnProgress = lambda _: None,
) -> Results:
    """Measure the targets in turns, so that what slows the machine slows them all.

    ``body`` is that of a request which every target answers with 200.

    Raises:
        UserError: a target cannot be started, or too many of its starts were not proven cold.
    """
    plan = plan_of(wanted)
    steps = _Steps(plan, len(targets), on_progress)
    end = begin_measurement()
    findings = [_Findings(target) for target in targets]
    _measure_cold(findings, body, plan, steps)
    _measure_warm(findings, body, plan, steps)
    return Results(
        conditions=end(),
        subject=subject,
        plan=plan,
        targets=tuple(_summarize(finding, wanted.budgets) for finding in findings),
    )


class _Steps:
    def __init__(self, plan: Plan, targets: int, on_progress: OnProgress) -> None:
        self._total = targets * (plan.cold_samples + plan.rounds * (1 + len(plan.connections)))
        self._done = 0
        self._on_progress = on_progress

    def taken(self, stage: str, target: Target) -> None:
        self._done += 1
        self._on_progress(Progress(stage, target.name, self._done, self._total))


def _measure_cold(findings: list[_Findings], body: bytes, plan: Plan, steps: _Steps) -> None:
    seen: set[str] = set()
    for turn in range(plan.cold_samples):
        for finding in _in_turn(findings, turn):
            _take_cold_sample(finding, body, plan, seen)
            steps.taken("cold start", finding.target)


def _in_turn(items: Sequence[T], turn: int) -> Sequence[T]:
    """Another target first in each turn: what follows upon a load must not always be the same."""
    shift = turn % len(items)
    return (*items[shift:], *items[:shift])


def _take_cold_sample(finding: _Findings, body: bytes, plan: Plan, seen: set[str]) -> None:
    """Start the target until one start is proven cold."""
    while True:
        with finding.target.start() as endpoint:
            sample = classify_start(endpoint, first_exchange(endpoint, body), seen)
        if isinstance(sample, ColdSample):
            seen.add(sample.instance)
            finding.cold.append(sample)
            return
        finding.discarded[sample] += 1
        if finding.discarded.total() > plan.cold_samples:
            reasons = ", ".join(
                f"{reason} ({count})" for reason, count in _sorted(finding.discarded)
            )
            raise UserError(
                f"{finding.target.name}: {len(finding.cold)} of {plan.cold_samples} cold starts "
                f"proven, the others discarded: {reasons}"
            )


def _measure_warm(findings: list[_Findings], body: bytes, plan: Plan, steps: _Steps) -> None:
    with ExitStack() as running:
        endpoints: list[tuple[_Findings, Endpoint, Call]] = []
        for finding in findings:
            endpoint = running.enter_context(finding.target.start())
            first_exchange(endpoint, body)
            call = post(endpoint.predict_url, body, token=endpoint.token, headers=endpoint.headers)
            endpoints.append((finding, endpoint, call))
        for turn in range(plan.rounds):
            for finding, _, call in _in_turn(endpoints, turn):
                arrivals = load.fixed_rate(
                    call,
                    requests=plan.warm_requests // plan.rounds,
                    rate=plan.warm_rate,
                    warm_up=plan.warm_up_requests,
                )
                finding.arrivals.append(arrivals)
                steps.taken("warm latency", finding.target)
            for connections in plan.connections:
                for finding, _, call in _in_turn(endpoints, turn):
                    taken = _ask_back_to_back(finding.target.name, call, connections, plan)
                    finding.throughput.setdefault(connections, []).append(taken)
                    steps.taken("throughput", finding.target)
        for finding, endpoint, _ in endpoints:
            if (fault := endpoint.fault()) is not None:
                raise UserError(fault)
            finding.memory = tree_pss_bytes(endpoint.pid) if endpoint.pid is not None else None


def _ask_back_to_back(name: str, call: Call, connections: int, plan: Plan) -> load.Throughput:
    taken = load.back_to_back(
        call,
        connections=connections,
        seconds=plan.throughput_seconds,
        warm_up_seconds=THROUGHPUT_WARM_UP_SECONDS,
    )
    if not taken.answers:
        raise UserError(
            f"{name}: no request over {connections} connections was answered with 200 "
            f"({taken.errors} failed)"
        )
    return taken


def _summarize(finding: _Findings, budgets: Budgets) -> TargetResult:
    name = finding.target.name
    runs = [arrivals.latencies_ms for arrivals in finding.arrivals]
    latencies = [ms for run in runs for ms in run]
    if not latencies:
        raise UserError(f"{name}: no request at the fixed rate was answered with 200")
    late = [ms for arrivals in finding.arrivals for ms in arrivals.late_ms]
    totals = [sample.total_ms for sample in finding.cold]
    median = estimate(totals)
    cold = Cold(
        total_ms=median,
        parts=typical_parts(totals, [sample.parts for sample in finding.cold], median.value),
        samples=tuple(finding.cold),
        discarded=tuple(Discarded(reason, n) for reason, n in _sorted(finding.discarded)),
    )
    warm = Warm(
        p50_ms=estimate_series(runs),
        p90_ms=estimate_series(runs, 90),
        p99_ms=estimate_series(runs, 99),
        errors=sum(arrivals.errors for arrivals in finding.arrivals),
        client_late_p99_ms=float(np.percentile(late, 99)),
        latencies_ms=tuple(latencies),
    )
    throughput = tuple(
        Throughput(
            connections,
            estimate([taken.per_second for taken in rounds]),
            sum(taken.errors for taken in rounds),
        )
        for connections, rounds in finding.throughput.items()
    )
    errors = warm.errors + sum(level.errors for level in throughput)
    verdicts = (
        _verdict(COLD_MEDIAN, "ms", cold.total_ms, budgets.cold_p50_ms),
        _verdict(WARM_P99, "ms", warm.p99_ms, budgets.warm_p99_ms),
        _verdict("failed requests", "", Estimate(errors, errors, errors), 0),
    )
    return TargetResult(name, cold, warm, throughput, finding.memory, verdicts)


def _verdict(figure: str, unit: str, measured: Estimate, budget: float) -> Verdict:
    return Verdict(figure, unit, measured, budget, judge_budget(measured, budget))


def _sorted(discarded: Counter[str]) -> list[tuple[str, int]]:
    return [(str(reason), count) for reason, count in discarded.most_common()]
