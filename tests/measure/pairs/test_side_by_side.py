"""Base and candidate in turns, and what the gate makes of it."""

import pytest

from tests.measure.fakes import BODY, fake_target
from twinserve.config.errors import UserError
from twinserve.config.measurement import Budgets, Comparison, Measurement
from twinserve.measure.cold import starts as cold
from twinserve.measure.cold.starts import Exchange, first_exchange
from twinserve.measure.pairs.side_by_side import Reading, Round, Side, compare_rounds, take_rounds
from twinserve.measure.statistics import Outcome
from twinserve.targets.protocol import Endpoint

WANTED = Measurement(
    cold_samples=2,
    warm_requests=100,
    warm_rate=400,
    connections=[1],
    budgets=Budgets(cold_p50_ms=1_000, warm_p99_ms=50),
    comparison=Comparison(allowed_ratio=1.1, rounds=2, cold_starts=2, warm_requests=10),
)


def rounds(cold: float = 1.0, warm: float = 1.0) -> list[Round]:
    """Ten rounds with a candidate that is so many times as slow."""
    return [
        Round(
            Reading((100.0 + number,), (1.0, 2.0, 3.0)),
            Reading(((100.0 + number) * cold,), (warm, 2 * warm, 3 * warm)),
        )
        for number in range(10)
    ]


def test_both_sides_are_started_and_asked_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """In turns, each first as often as the other; the first round and each warm-up are dropped."""
    started: list[str] = []

    def exchange(endpoint: Endpoint, body: bytes) -> Exchange:
        started.append(endpoint.name)
        return first_exchange(endpoint, body)

    monkeypatch.setattr(cold, "first_exchange", exchange)
    base, candidate = (Side(fake_target(name=name), BODY) for name in ("base", "candidate"))
    taken = list(take_rounds(base, candidate, WANTED))
    assert len(taken) == 2
    for side in (side for pair in taken for side in (pair.base, pair.candidate)):
        assert len(side.cold_ms) == 2
        assert len(side.latencies_ms) == 10
    one_way, other_way = ["base", "candidate"], ["candidate", "base"]
    dropped, first, second = [*other_way, *one_way], [*one_way, *other_way], [*other_way, *one_way]
    assert started == [*dropped, *first, *second]


@pytest.mark.parametrize(
    ("mode", "told"),
    [
        ("second", "base: a start was not proven cold: the instance had answered before"),
        ("fails every third", "base: .* of 10 requests failed"),
    ],
)
def test_side_that_misbehaves_is_named(mode: str, told: str) -> None:
    """There is nothing to compare."""
    base, other = Side(fake_target(mode, name="base"), BODY), Side(fake_target(), BODY)
    with pytest.raises(UserError, match=told):
        list(take_rounds(base, other, WANTED))


@pytest.mark.parametrize(
    ("cold", "warm", "outcomes"),
    [
        (1.0, 1.0, (Outcome.KEPT, Outcome.KEPT, Outcome.KEPT)),
        (1.2, 1.0, (Outcome.BROKEN, Outcome.KEPT, Outcome.KEPT)),
        (1.0, 1.2, (Outcome.KEPT, Outcome.BROKEN, Outcome.KEPT)),
        (11.0, 20.0, (Outcome.BROKEN, Outcome.BROKEN, Outcome.BROKEN)),
    ],
)
def test_gate_fails_for_what_became_slower(
    cold: float, warm: float, outcomes: tuple[Outcome, ...]
) -> None:
    """Cold start and median by ratio, cold start and p99 by budget."""
    ratios = compare_rounds(rounds(cold, warm), WANTED)
    assert tuple(ratio.outcome for ratio in ratios) == outcomes
    assert ratios[0].ratio is not None
    assert ratios[0].ratio.value == pytest.approx(cold)


def test_budget_counts_where_the_ratio_is_allowed() -> None:
    """As slow as its base, and both too slow."""
    budgets = Budgets(cold_p50_ms=50, warm_p99_ms=50)
    ratios = compare_rounds(rounds(), WANTED.model_copy(update={"budgets": budgets}))
    assert ratios[0].outcome is Outcome.BROKEN


def test_middle_over_the_ratio_only_warns() -> None:
    """As often over it as under it."""
    mixed = [*rounds(1.0)[:4], *rounds(1.3)[:6]]
    assert compare_rounds(mixed, WANTED)[0].outcome is Outcome.WARNING
