"""The cost of a measurement on Cloud Run: at most, before it begins, and as far as is known, after.

Request-based billing: an instance is paid while it starts and while it answers, each request once.
The free tier is left out, so that the figures hold for a project that has used it up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinserve.config.deployment import Resources
from twinserve.config.errors import UserError
from twinserve.config.measurement import Measurement
from twinserve.config.prices import Prices
from twinserve.measure.costs import second_price
from twinserve.measure.run.measurement import THROUGHPUT_WARM_UP_SECONDS, plan_of
from twinserve.measure.run.results import Plan, Results, TargetResult

# No start takes longer: Cloud Run's default start-up probe gives up then.
LONGEST_START_S = 240.0
# Of one connection back to back, over a network; a bound, not a promise.
MOST_PER_SECOND = 1000.0


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of one target."""

    seconds: float
    requests: float

    def cost(self, resources: Resources, prices: Prices) -> float:
        """In US dollars."""
        return (
            self.seconds * second_price(resources, prices)
            + self.requests / 1e6 * prices.million_requests
        )


def check_cap(wanted: Measurement, resources: Mapping[str, Resources], prices: Prices) -> float:
    """The most that the measurement can cost, in US dollars.

    Raises:
        UserError: that is over the cap in ``params.yaml``.
    """
    plan = plan_of(wanted)
    # As many again may be discarded; one more start is for the warm part.
    starts = 2 * plan.cold_samples + 1
    usage = Usage(starts * LONGEST_START_S + _loaded_s(plan), starts + _most_requests(plan))
    most = sum(usage.cost(resource, prices) for resource in resources.values())
    _hold_to_cap("measurement", most, wanted, "take fewer samples")
    return most


def check_matrix_cap(
    settings: Sequence[tuple[Resources, bool]],
    starts: int,
    measurement: Measurement,
    prices: Prices,
) -> float:
    """The most that so many starts of each setting can cost; a boosted one is billed doubly.

    Source: Cloud Run, "Set CPU limits": the CPU that is added while an instance starts is charged,
    and is at most as much again.

    Raises:
        UserError: that is over the cap in ``params.yaml``.
    """
    usage = Usage(starts * LONGEST_START_S, starts)
    costs = [usage.cost(resource, prices) * (2 if boost else 1) for resource, boost in settings]
    most = sum(costs)
    _hold_to_cap("matrix", most, measurement, "fewer rounds or sizes")
    return most


def _hold_to_cap(measured: str, most: float, wanted: Measurement, cure: str) -> None:
    if most > wanted.max_cost_usd:
        raise UserError(
            f"the {measured} may cost up to ${most:.4f}, over measurement.max_cost_usd "
            f"({wanted.max_cost_usd:g}) in params.yaml: {cure}, or raise it"
        )


def spent(results: Results, resources: Mapping[str, Resources], prices: Prices) -> str:
    """The cost of a measurement, in a line."""
    usages = {target.name: _usage(target, results.plan) for target in results.targets}
    cost = sum(usage.cost(resources[name], prices) for name, usage in usages.items())
    seconds = sum(usage.seconds for usage in usages.values())
    requests = sum(usage.requests for usage in usages.values())
    return (
        f"cost: about ${cost:.4f} ({seconds:.0f} s of instances, {requests:,.0f} requests; "
        f"Cloud Run's prices of {prices.as_of}, free tier left out)"
    )


def _usage(target: TargetResult, plan: Plan) -> Usage:
    discarded = sum(figure.count for figure in target.cold.discarded)
    starts = len(target.cold.samples) + discarded + 1
    typical_s = target.cold.total_ms.value / 1e3
    requests = starts + len(target.warm.latencies_ms) + plan.rounds * plan.warm_up_requests
    seconds = THROUGHPUT_WARM_UP_SECONDS + plan.throughput_seconds
    answered = sum(figure.per_second.value for figure in target.throughput)
    return Usage(starts * typical_s + _loaded_s(plan), requests + answered * seconds * plan.rounds)


def _loaded_s(plan: Plan) -> float:
    """How long one instance is kept busy by the warm part."""
    warm = (plan.warm_requests + plan.rounds * plan.warm_up_requests) / plan.warm_rate
    level = THROUGHPUT_WARM_UP_SECONDS + plan.throughput_seconds
    return warm + plan.rounds * len(plan.connections) * level


def _most_requests(plan: Plan) -> float:
    level = THROUGHPUT_WARM_UP_SECONDS + plan.throughput_seconds
    back_to_back = plan.rounds * level * sum(plan.connections) * MOST_PER_SECOND
    return plan.warm_requests + plan.rounds * plan.warm_up_requests + back_to_back
