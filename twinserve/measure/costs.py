"""The cost of a month of requests on Cloud Run, from measured times and list prices.

Pure arithmetic: nothing is asked of anybody. An instance's time is rounded up to the price table's
step, so a request that is answered in less costs a whole step, unless it shares it with others.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from twinserve.config.deployment import Resources
from twinserve.config.prices import Prices

MONTH_S = 730 * 3600.0


class Sharing(StrEnum):
    """How much of an instance's billed time requests share."""

    ALONE = "alone"
    EVENLY = "spread"
    PACKED = "packed"


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of a month.

    Attributes:
        dollars: with the free tier of an account that runs nothing else.
        list_dollars: without it.
    """

    requests: float
    vcpu_seconds: float
    gib_seconds: float
    dollars: float
    list_dollars: float


def gibibytes(resources: Resources) -> float:
    """The memory as it is billed."""
    return resources.memory_mib / 1024


def second_price(resources: Resources, prices: Prices) -> float:
    """The price of a second in which an instance starts or answers, billed by request."""
    return resources.cpu * prices.vcpu_second + gibibytes(resources) * prices.gib_second


def _stepped_s(ms: float, prices: Prices) -> float:
    """Seconds that are billed for a time: whole steps."""
    return math.ceil(round(ms / prices.step_ms, 9)) * prices.step_ms / 1e3


@dataclass(frozen=True, slots=True)
class Times:
    """The measured times of a target.

    Attributes:
        latency_ms: of a request that finds nobody else.
        per_second: requests answered, the instance kept as busy as it may be.
    """

    latency_ms: float
    per_second: float


def billed_seconds(requests: float, sharing: Sharing, times: Times, prices: Prices) -> float:
    """Seconds of instances that are billed in a month of this many requests.

    One at a time: each request is billed its own steps. Spread over the month: arrivals are
    independent of each other (Poisson), and one instance takes those that overlap; it is billed
    while it answers, in whole steps, so the share of the month that is covered by some request's
    steps. Back to back: the instance is never less than full, the least that it can be.
    """
    step, own = prices.step_ms / 1e3, _stepped_s(times.latency_ms, prices)
    match sharing:
        case Sharing.ALONE:
            return requests * own
        case Sharing.EVENLY:
            return MONTH_S * -math.expm1(-requests / MONTH_S * own)
        case Sharing.PACKED:
            return math.ceil(requests / times.per_second / step) * step


def by_request(
    requests: float, sharing: Sharing, times: Times, resources: Resources, prices: Prices
) -> Bill:
    """The bill of what is deployed: nothing is paid between requests."""
    seconds = billed_seconds(requests, sharing, times, prices)
    used = (seconds * resources.cpu, seconds * gibibytes(resources), requests)
    free = (prices.free_vcpu_seconds, prices.free_gib_seconds, prices.free_requests)
    each = (prices.vcpu_second, prices.gib_second, prices.million_requests / 1e6)
    paid = (max(amount - given, 0) for amount, given in zip(used, free, strict=True))
    return Bill(
        requests,
        used[0],
        used[1],
        sum(amount * price for amount, price in zip(paid, each, strict=True)),
        sum(amount * price for amount, price in zip(used, each, strict=True)),
    )


def kept_idle(instances: int, busy_seconds: float, resources: Resources, prices: Prices) -> float:
    """The cost of ``min_instances`` in a month: each kept instance, while it does not answer.

    The free tier is a discount on the prices of active time, and none of it is taken off here.
    """
    idle = max(instances * MONTH_S - busy_seconds, 0)
    vcpu, gib = idle * resources.cpu, idle * gibibytes(resources)
    return vcpu * prices.idle_vcpu_second + gib * prices.idle_gib_second


def by_instance(instances: int, resources: Resources, prices: Prices) -> float:
    """The cost of instances that are billed for a whole month, free tier taken off."""
    always = prices.always
    vcpu = instances * MONTH_S * resources.cpu - always.free_vcpu_seconds
    gib = instances * MONTH_S * gibibytes(resources) - always.free_gib_seconds
    return max(vcpu, 0) * always.vcpu_second + max(gib, 0) * always.gib_second


def starts(count: int, cold_ms: float, resources: Resources, prices: Prices) -> float:
    """The cost of as many cold starts: an instance is paid from its start on, in whole steps."""
    return count * _stepped_s(cold_ms, prices) * second_price(resources, prices)
