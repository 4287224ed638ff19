"""What a measurement costs: a sum worked out by hand, and the cap."""

import pytest

from twinserve.config.errors import UserError
from twinserve.config.params import Params, load_params
from twinserve.delivery.probe.spend import Usage, check_cap


@pytest.fixture
def params() -> Params:
    """The parameters of this tree."""
    return load_params()


def test_cost_is_the_sum_worked_out_by_hand(params: Params) -> None:
    """100 s at one CPU and half a GiB, a million requests: 0.0024 + 0.000125 + 0.40 dollars."""
    prices = params.prices.model_copy(
        update={"vcpu_second": 0.000024, "gib_second": 0.0000025, "million_requests": 0.4}
    )
    service = params.deployment.service.model_copy(update={"cpu": 1, "memory": "512Mi"})
    assert Usage(100, 1e6).cost(service, prices) == pytest.approx(0.402525)
    larger = service.model_copy(update={"cpu": 2, "memory": "2Gi"})
    assert Usage(100, 0).cost(larger, prices) == pytest.approx(0.0048 + 0.0005)


def test_plan_within_the_cap_is_let_begin(params: Params) -> None:
    """The plan of params.yaml costs cents at the very worst, and more samples cost more."""
    targets = {"service": params.deployment.service, "function": params.deployment.function}
    most = check_cap(params.measurement, targets, params.prices)
    assert 0 < most < params.measurement.max_cost_usd
    more = params.measurement.model_copy(update={"cold_samples": 20, "max_cost_usd": 9.0})
    assert check_cap(more, targets, params.prices) > most


def test_plan_over_the_cap_is_refused_with_its_cure(params: Params) -> None:
    """Before anything is made that costs."""
    targets = {"service": params.deployment.service, "function": params.deployment.function}
    capped = params.measurement.model_copy(update={"max_cost_usd": 0.001})
    with pytest.raises(UserError, match=r"over measurement\.max_cost_usd \(0\.001\)"):
        check_cap(capped, targets, params.prices)
