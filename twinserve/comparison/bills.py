"""The costs of both targets as tables: a month of requests, and what is paid without any."""

from twinserve.comparison.facts import Facts, Side
from twinserve.config.deployment import Resources
from twinserve.config.params import Params
from twinserve.config.prices import Prices
from twinserve.measure.costs import (
    MONTH_S,
    Bill,
    Sharing,
    Times,
    by_instance,
    by_request,
    kept_idle,
    starts,
)
from twinserve.measure.pages.render import Cell, Fact, Row, Table
from twinserve.measure.pages.text import number

VOLUMES = {"10 thousand": 1e4, "1 million": 1e6, "100 million": 1e8}
STARTS = 1000


def resources_of(side: Side, params: Params) -> Resources:
    """CPUs and memory of an instance."""
    deployment = params.deployment
    return deployment.service if side.name == "service" else deployment.function


def times_of(side: Side, params: Params) -> Times:
    """The latency and throughput that a target's bills are computed from."""
    full = side.at(resources_of(side, params).concurrency)
    return Times(side.warm_p50_ms.value, full.per_second.value)


def bill(side: Side, requests: float, sharing: Sharing, params: Params) -> Bill:
    """A target's bill for a month."""
    resources, times = resources_of(side, params), times_of(side, params)
    return by_request(requests, sharing, times, resources, params.prices)


def month_table(side: Side, params: Params) -> Table:
    """A target's monthly bills; a row each volume and way of sharing."""
    columns = ("", "vCPU-s", "GiB-s", "US$", "list US$")
    rows = []
    for name, requests in VOLUMES.items():
        for sharing in Sharing:
            month = bill(side, requests, sharing, params)
            used = (number(round(amount, 1)) for amount in (month.vcpu_seconds, month.gib_seconds))
            paid = (dollars(amount) for amount in (month.dollars, month.list_dollars))
            short = name.replace(" thousand", "k").replace(" million", "M")
            rows.append(Row(f"{short}, {sharing}", tuple(map(Cell, (*used, *paid)))))
    caption = f"A month of requests to the {side.name}, billed by request"
    return Table(caption, columns, tuple(rows))


def idle_table(facts: Facts, params: Params) -> Table:
    """The cost while nobody asks, and of instances that are kept so that nobody waits."""
    prices = params.prices

    def row(label: str, amounts: list[float]) -> Row:
        return Row(label, tuple(Cell(dollars(amount)) for amount in amounts))

    sides = [(side, resources_of(side, params)) for side in facts.sides]
    rows = (
        row(
            "min_instances: 0, nobody asks",
            [kept_idle(0, 0, resources, prices) for _, resources in sides],
        ),
        row(
            "min_instances: 1, nobody asks",
            [kept_idle(1, 0, resources, prices) for _, resources in sides],
        ),
        row(
            "one instance, billed by instance",
            [by_instance(1, resources, prices) for _, resources in sides],
        ),
        row(
            f"{STARTS:,} cold starts",
            [starts(STARTS, side.cold_ms.value, resources, prices) for side, resources in sides],
        ),
    )
    columns = ("", *(f"{side.name}, US$ a month" for side in facts.sides))
    return Table("Without requests, and for the first of them", columns, rows)


def assumptions(facts: Facts, params: Params) -> tuple[str, ...]:
    """The assumptions of the tables."""
    step = params.prices.step_ms
    general = (
        f"{_region(params)}; a month has {MONTH_S / 3600:.0f} hours; the free tier is an account's "
        "that runs nothing else, and the list price is without it; network, builds, storage and "
        "logs are left out."
    )
    alone = (
        f"An instance's time is rounded up to {step} ms. “{Sharing.ALONE}” is concurrency 1: each "
        "request pays its own step, at the median latency measured at "
        f"{facts.warm_rate:g} requests a second."
    )
    shared = (
        f"“{Sharing.EVENLY}” and “{Sharing.PACKED}” are at the configured concurrency, "
        f"{_full(facts, params)}: requests that overlap share the time. “{Sharing.EVENLY}” has "
        "independent arrivals on one instance, billed for the share of the month in which some "
        f"request's step runs; “{Sharing.PACKED}” has the instance never less than full, the least "
        "that there can be."
    )
    where = (
        "The times are those of where the targets ran: processes of one machine, unless the report "
        "that `--take` found was made by `twinserve probe`, which measures on Cloud Run."
    )
    return general, alone, shared, where


def _region(params: Params) -> str:
    prices, region = params.prices, params.deployment.region
    other = "" if region == prices.region else f" (not {region}, which may be dearer)"
    return f"Prices of {prices.as_of} in {prices.region}{other}"


def _full(facts: Facts, params: Params) -> str:
    """The requests that an instance is given at once, and how many of them were measured."""
    told = []
    for side in facts.sides:
        wanted = resources_of(side, params).concurrency
        measured = side.at(wanted).connections
        told.append(f"{wanted}" + (f" (measured: {measured})" if measured != wanted else ""))
    return " and ".join(dict.fromkeys(told))


def price_facts(prices: Prices) -> tuple[Fact, ...]:
    """The price table, in words."""
    always = prices.always
    return (
        Fact(
            "billed by request",
            f"{_each(prices.vcpu_second, prices.gib_second)}, "
            f"${prices.million_requests:.2f} a million requests",
        ),
        Fact("kept by min_instances, idle", _each(prices.idle_vcpu_second, prices.idle_gib_second)),
        Fact(
            "free each month",
            f"{prices.free_vcpu_seconds:,.0f} vCPU-seconds, {prices.free_gib_seconds:,.0f} "
            f"GiB-seconds, {prices.free_requests:,.0f} requests",
        ),
        Fact(
            "billed by instance",
            f"{_each(always.vcpu_second, always.gib_second)}, {always.free_vcpu_seconds:,.0f} and "
            f"{always.free_gib_seconds:,.0f} free; no request is billed",
        ),
    )


def _each(vcpu_second: float, gib_second: float) -> str:
    return f"${vcpu_second:.7f} a vCPU-second, ${gib_second:.7f} a GiB-second"


def dollars(amount: float) -> str:
    """To the cent, and never nothing for something."""
    return "<0.01" if 0 < amount < 0.005 else f"{amount:,.2f}"  # noqa: PLR2004 - half a cent
