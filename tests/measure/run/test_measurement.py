"""A whole measurement of two targets, small."""

import json
from dataclasses import replace

import pytest

from tests.measure.fakes import BODY, fake_target
from twinserve.config.errors import UserError
from twinserve.config.measurement import Budgets, Comparison, Measurement
from twinserve.measure.pages.files import to_json
from twinserve.measure.run import measurement as measuring
from twinserve.measure.run.measurement import Progress, measure, plan_of
from twinserve.measure.run.results import Results, Subject
from twinserve.measure.statistics import Outcome

SUBJECT = Subject("flowers", "v1.0")
WANTED = Measurement(
    cold_samples=2,
    warm_requests=100,
    warm_rate=400,
    connections=[1, 2],
    budgets=Budgets(cold_p50_ms=60_000, warm_p99_ms=60_000),
    comparison=Comparison(allowed_ratio=1.1, rounds=2, cold_starts=1, warm_requests=20),
)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "ROUNDS", 2)
    monkeypatch.setattr(measuring, "THROUGHPUT_SECONDS", 0.05)
    monkeypatch.setattr(measuring, "THROUGHPUT_WARM_UP_SECONDS", 0.01)


def small(*modes: str, wanted: Measurement = WANTED) -> Results:
    """Measure a target each mode."""
    targets = [fake_target(mode, name=f"target {mode}") for mode in modes]
    return measure(targets, BODY, wanted, SUBJECT)


@pytest.mark.parametrize(
    ("asked", "sent", "warm_up"),
    [(100, 100, 50), (101, 102, 50), (1000, 1000, 50), (2000, 2000, 100)],
)
def test_the_plan_asks_for_no_less_than_params_yaml(asked: int, sent: int, warm_up: int) -> None:
    """Requests are split evenly into rounds, each with a warm-up of a tenth or 50."""
    plan = plan_of(WANTED.model_copy(update={"warm_requests": asked}))
    assert (plan.warm_requests, plan.warm_up_requests) == (sent, warm_up)


def test_every_target_gets_every_figure_and_every_step_is_told() -> None:
    """Two targets, in turns; the result is JSON."""
    told: list[Progress] = []
    targets = [fake_target(name="service"), fake_target(name="function")]
    results = measure(targets, BODY, WANTED, SUBJECT, told.append)
    assert [target.name for target in results.targets] == ["service", "function"]
    for target in results.targets:
        assert len(target.cold.samples) == 2
        assert [part.name for part in target.cold.parts] == [
            "platform",
            "interpreter",
            "imports",
            "predict",
            "network",
            "rest",
        ]
        whole = sum(part.ms for part in target.cold.parts)
        assert whole == pytest.approx(target.cold.total_ms.value)
        assert len(target.warm.latencies_ms) == 100
        assert [level.connections for level in target.throughput] == [1, 2]
    assert results.outcome is Outcome.KEPT
    assert [step.target for step in told[:4]] == ["service", "function", "function", "service"]
    assert [step.done for step in told] == list(range(1, told[0].total + 1))
    assert json.loads(to_json(results))["targets"][1]["name"] == "function"


def test_a_start_that_is_never_cold_ends_the_measurement() -> None:
    """The message counts what was thrown away, and says why."""
    with pytest.raises(
        UserError,
        match=r"0 of 2 cold starts proven, the others discarded: "
        r"the instance had answered before \(3\)",
    ):
        small("second")


def test_discarded_starts_are_counted_and_made_up_for() -> None:
    """One instance poses as another that was seen: it is counted, and the next try is made."""
    with pytest.raises(UserError, match=r"1 of 2 .*the instance had been seen before \(3\)"):
        small("same instance")


def test_failed_requests_break_their_budget() -> None:
    """A target that fails now and then under load is not within budgets."""
    (target,) = small("fails every third").targets
    assert target.warm.errors
    assert target.outcome is Outcome.BROKEN


def test_a_broken_latency_budget_is_the_targets_outcome() -> None:
    """A budget that no machine keeps."""
    impossible = Budgets(cold_p50_ms=0.001, warm_p99_ms=60_000)
    (target,) = small("", wanted=WANTED.model_copy(update={"budgets": impossible})).targets
    assert [verdict.outcome for verdict in target.verdicts] == [
        Outcome.BROKEN,
        Outcome.KEPT,
        Outcome.KEPT,
    ]


def test_a_target_that_ends_under_load_ends_the_measurement() -> None:
    """There is no figure to report; the message names the target."""
    with pytest.raises(UserError, match="target dies second: no request over"):
        small("dies second")


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("fails from second", "no request at the fixed rate"),
        ("dies second", "ended with exit code"),
    ],
)
def test_a_target_that_answers_one_request_and_no_other(
    mode: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a single latency there is nothing to summarize."""
    only_latency = replace(plan_of(WANTED), connections=())
    monkeypatch.setattr(measuring, "plan_of", lambda _: only_latency)
    with pytest.raises(UserError, match=message):
        small(mode)
