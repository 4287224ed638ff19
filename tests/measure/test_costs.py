"""What a month costs: rows worked out by hand, and what must hold of any."""

import pytest

from twinserve.config.deployment import Resources
from twinserve.config.params import load_params
from twinserve.config.prices import AlwaysPrices, Prices
from twinserve.measure.costs import (
    MONTH_S,
    Sharing,
    Times,
    billed_seconds,
    by_instance,
    by_request,
    kept_idle,
    starts,
)

PRICES = Prices(
    source="https://prices.test",
    as_of="2024-02-29",
    region="here",
    step_ms=100,
    vcpu_second=0.000024,
    gib_second=0.0000025,
    million_requests=0.40,
    idle_vcpu_second=0.0000025,
    idle_gib_second=0.0000025,
    free_vcpu_seconds=180_000,
    free_gib_seconds=360_000,
    free_requests=2_000_000,
    always=AlwaysPrices(
        vcpu_second=0.000018,
        gib_second=0.000002,
        free_vcpu_seconds=240_000,
        free_gib_seconds=450_000,
    ),
)
# 2 ms alone, and 10,000 a second when it is full.
TIMES = Times(latency_ms=2.0, per_second=10_000)


@pytest.fixture
def half() -> Resources:
    """A CPU and half a GiB."""
    service = load_params().deployment.service
    return service.model_copy(update={"cpu": 1, "memory": "512Mi"})


def test_100_million_requests_alone_are_the_sum_worked_out_by_hand(half: Resources) -> None:
    """100 million requests of 2 ms, each a step of 0.1 s: 10,000,000 s at 1 CPU and 0.5 GiB.

    vCPU: (10,000,000 - 180,000) x 0.000024 = 235.68 dollars
    GiB: (5,000,000 - 360,000) x 0.0000025 = 11.60
    requests: (100 - 2) x 0.40 = 39.20
    together 286.48; without the free tier 240 + 12.50 + 40 = 292.50.
    """
    bill = by_request(1e8, Sharing.ALONE, TIMES, half, PRICES)
    assert (bill.vcpu_seconds, bill.gib_seconds) == pytest.approx((10_000_000, 5_000_000))
    assert bill.dollars == pytest.approx(286.48)
    assert bill.list_dollars == pytest.approx(292.50)


def test_a_full_instance_is_the_sum_worked_out_by_hand(half: Resources) -> None:
    """100 million at 10,000 a second: 10,000 s, all within the free tier but 98 million requests.

    98 x 0.40 = 39.20; without the free tier 0.24 + 0.0125 + 40 = 40.2525.
    """
    bill = by_request(1e8, Sharing.PACKED, TIMES, half, PRICES)
    assert bill.vcpu_seconds == pytest.approx(10_000)
    assert bill.dollars == pytest.approx(39.20)
    assert bill.list_dollars == pytest.approx(40.2525)


def test_requests_spread_over_a_month_share_what_overlaps(half: Resources) -> None:
    """A million a month overlap little, 100 million leave no second out, and no more than all."""
    few = billed_seconds(1e4, Sharing.EVENLY, TIMES, PRICES)
    assert few == pytest.approx(1e4 * 0.1, rel=1e-3)
    # 100 million in 2,628,000 s are 38 a second: of each step 1 - e^-3.8 is covered.
    most = billed_seconds(1e8, Sharing.EVENLY, TIMES, PRICES)
    assert most == pytest.approx(2_628_000 * (1 - 0.02225), rel=1e-4)
    assert billed_seconds(1e11, Sharing.EVENLY, TIMES, PRICES) == pytest.approx(MONTH_S)
    costs = [by_request(1e8, how, TIMES, half, PRICES).dollars for how in Sharing]
    assert costs == sorted(costs, reverse=True)


@pytest.mark.parametrize(
    ("latency_ms", "seconds"), [(0.5, 0.1), (99.9, 0.1), (100.0, 0.1), (100.1, 0.2), (950, 1.0)]
)
def test_time_is_billed_in_whole_steps(latency_ms: float, seconds: float) -> None:
    """A hundredth of a step costs a step."""
    times = Times(latency_ms, 100)
    assert billed_seconds(1, Sharing.ALONE, times, PRICES) == pytest.approx(seconds)


def test_a_kept_instance_is_paid_while_it_is_idle(half: Resources) -> None:
    """2,628,000 s at (1 + 0.5) x 0.0000025 are 9.855 dollars; busy time is billed elsewhere."""
    assert kept_idle(1, 0, half, PRICES) == pytest.approx(9.855)
    assert kept_idle(0, 0, half, PRICES) == 0
    assert kept_idle(1, MONTH_S / 2, half, PRICES) == pytest.approx(9.855 / 2)
    assert kept_idle(1, MONTH_S * 2, half, PRICES) == 0


def test_an_instance_billed_for_all_of_the_month(half: Resources) -> None:
    """(2,628,000 - 240,000) x 0.000018 + (1,314,000 - 450,000) x 0.000002 = 42.984 + 1.728."""
    assert by_instance(1, half, PRICES) == pytest.approx(44.712)
    assert by_instance(0, half, PRICES) == 0


def test_cold_starts_are_billed_from_the_start_on(half: Resources) -> None:
    """1,000 of 120 ms are two steps each: 200 s at 0.00002525."""
    assert starts(1000, 120, half, PRICES) == pytest.approx(200 * 0.00002525)
