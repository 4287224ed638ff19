"""When to use which target: the figures of both, and which target they speak for."""

from collections.abc import Callable
from dataclasses import dataclass

from twinserve.comparison.bills import VOLUMES, bill, dollars, resources_of, times_of
from twinserve.comparison.facts import Facts, Side
from twinserve.comparison.table import VOLUME
from twinserve.config.params import Params
from twinserve.measure.costs import Sharing, by_instance, by_request, kept_idle
from twinserve.measure.pages.render import Cell, Row, Table
from twinserve.measure.pages.text import megabytes, milliseconds, per_second
from twinserve.measure.statistics import Estimate

EITHER = "either"
# Finer than the two digits that are shown.
CLOSE = 1.001


@dataclass(frozen=True, slots=True)
class Billing:
    """Figures of the sentences on ways to be billed, as they are shown.

    Attributes:
        requests: a month, the most of the tables.
        by_request: of so many, spread evenly.
        by_instance: of an instance that is always there.
        equal_at: requests a month at which both cost the same; None if it is more than those.
        kept: a month of an instance that is kept without requests.
        longest_start: the slower target's cold start.
    """

    requests: str
    by_request: str
    by_instance: str
    equal_at: str | None
    kept: str
    longest_start: str


def choices(facts: Facts, params: Params) -> Table:
    """A row each figure to choose by; either target where the intervals overlap."""

    def row(
        wish: str,
        read: Callable[[Side], Estimate],
        show: Callable[[float], str],
        *,
        more: bool = False,
    ) -> Row:
        service, function = map(read, facts.sides)
        shown = Cell(show(service.value)), Cell(show(function.value))
        apart = service.high < function.low or function.high < service.low
        better = facts.sides[(service.value < function.value) is more].name
        return Row(wish, (*shown, Cell(better if apart else EITHER)))

    def full(side: Side) -> Estimate:
        return side.at(resources_of(side, params).concurrency).per_second

    def price(side: Side) -> Estimate:
        return _exactly(bill(side, VOLUMES[VOLUME], Sharing.ALONE, params).list_dollars)

    rows = [
        row("instances scale to zero: cold start", lambda side: side.cold_ms, milliseconds),
        row("one instance must bear much", full, per_second, more=True),
        row("the slowest answers count: p99", lambda side: side.warm_p99_ms, milliseconds),
    ]
    # Not measured on a platform.
    if all(side.memory_bytes is not None for side in facts.sides):
        rows.append(
            row("instances are to be small", lambda side: _exactly(side.memory_bytes), megabytes)
        )
    rows.append(row(f"{VOLUME} requests come one by one", price, lambda cost: f"${dollars(cost)}"))
    names = (side.name for side in facts.sides)
    return Table("What the figures speak for", ("if", *names, "choose"), tuple(rows))


def _exactly(value: float | None) -> Estimate:
    # As it is shown: what differs beyond that is no reason to choose.
    shown = round(value or 0.0, 2)
    return Estimate(shown, shown, shown)


def billing(facts: Facts, params: Params) -> Billing:
    """By instance or by request, for the service, and what it costs to keep an instance."""
    name, requests = list(VOLUMES.items())[-1]
    side, slowest = facts.sides[0], max(facts.sides, key=lambda side: side.cold_ms.value)
    spread = bill(side, requests, Sharing.EVENLY, params).dollars
    always = by_instance(1, resources_of(side, params), params.prices)
    kept = kept_idle(1, 0, resources_of(slowest, params), params.prices)
    return Billing(
        requests=name,
        by_request=dollars(spread),
        by_instance=dollars(always),
        equal_at=_equal_at(side, params) if always < spread else None,
        kept=dollars(kept),
        longest_start=milliseconds(slowest.cold_ms.value),
    )


def _equal_at(side: Side, params: Params) -> str:
    """The monthly requests at which both ways of billing cost the same, to two digits."""
    resources, prices, times = resources_of(side, params), params.prices, times_of(side, params)
    always = by_instance(1, resources, prices)
    low, high = 1.0, list(VOLUMES.values())[-1]
    while high / low > CLOSE:
        middle = (low * high) ** 0.5
        spent = by_request(middle, Sharing.EVENLY, times, resources, prices).dollars
        low, high = (middle, high) if spent < always else (low, middle)
    return f"{float(f'{low:.2g}'):,.0f}"
