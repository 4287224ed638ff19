"""When to use which target: sentences that the figures decide, each naming its row."""

from dataclasses import dataclass

from twinserve.comparison import contrast
from twinserve.comparison.bills import VOLUMES, bill, dollars, resources_of, times_of
from twinserve.comparison.facts import Facts, Side
from twinserve.config.params import Params
from twinserve.measure.costs import Sharing, by_instance, by_request, kept_idle
from twinserve.measure.pages.text import megabytes, milliseconds, number, per_second, ratio
from twinserve.measure.statistics import Estimate

COSTS, IDLE = "the month's bill", "the bill without requests"
# Finer than the two digits that are shown.
CLOSE = 1.001


@dataclass(frozen=True, slots=True)
class Advice:
    """A sentence.

    Attributes:
        figures: that it rests on, as they stand in what it cites.
        cites: rows of the table of both targets, or tables of costs.
    """

    text: str
    figures: tuple[str, ...]
    cites: tuple[str, ...]


def advise(facts: Facts, params: Params) -> tuple[Advice, ...]:
    """All of it, the measured first."""
    return (
        _cold(facts),
        _throughput(facts, params),
        _tail(facts),
        *_memory(facts),
        _pinned(facts),
        _building(facts),
        _alone(facts, params),
        _steady(facts, params),
        _kept(facts, params),
    )


def _apart(one: Estimate, other: Estimate) -> bool:
    return one.high < other.low or other.high < one.low


def _cold(facts: Facts) -> Advice:
    fast, slow = sorted(facts.sides, key=lambda side: side.cold_ms.value)
    one, other = milliseconds(fast.cold_ms.value), milliseconds(slow.cold_ms.value)
    times = ratio(slow.cold_ms.value / fast.cold_ms.value)
    if _apart(fast.cold_ms, slow.cold_ms):
        text = (
            f"The {fast.name}, if it scales to zero and the first answer must come soon: it starts "
            f"in {one}, the {slow.name} in {other}, {times} as long."
        )
    else:
        text = f"Either, if the first answer must come soon: {one} and {other}, within the noise."
    return Advice(text, (one, other), (contrast.COLD,))


def _throughput(facts: Facts, params: Params) -> Advice:
    def full(side: Side) -> Estimate:
        return side.at(resources_of(side, params).concurrency).per_second

    more, less = sorted(facts.sides, key=lambda side: -full(side).value)
    figures = (per_second(full(more).value), per_second(full(less).value))
    which = f"The {more.name}" if _apart(full(more), full(less)) else "Either"
    text = (
        f"{which}, if one instance must bear as much as it can: {figures[0]} against {figures[1]}."
    )
    return Advice(text, figures, (contrast.throughput_label(facts, params),))


def _tail(facts: Facts) -> Advice:
    low, high = sorted(facts.sides, key=lambda side: side.warm_p99_ms.value)
    figures = (milliseconds(low.warm_p99_ms.value), milliseconds(high.warm_p99_ms.value))
    if _apart(low.warm_p99_ms, high.warm_p99_ms):
        text = f"The {low.name}, if the slowest answers count: p99 {figures[0]}, not {figures[1]}."
    else:
        text = (
            f"Either, if the slowest answers count: p99 {figures[0]} and {figures[1]}, and their "
            "intervals overlap."
        )
    return Advice(text, figures, (contrast.WARM,))


def _memory(facts: Facts) -> tuple[Advice, ...]:
    """None where it was not measured, as on a platform."""
    if any(side.memory_bytes is None for side in facts.sides):
        return ()
    small, large = sorted(facts.sides, key=lambda side: side.memory_bytes or 0)
    figures = (megabytes(small.memory_bytes), megabytes(large.memory_bytes))
    text = (
        f"The {small.name}, if instances are to be small: {figures[0]}, the {large.name} "
        f"{figures[1]}."
    )
    return (Advice(text, figures, (contrast.MEMORY,)),)


def _pinned(facts: Facts) -> Advice:
    figures = (f"{len(facts.sides[0].packages)} packages", contrast.short_digest(facts))
    text = (
        "The service, if the next release must stand on what this one does, to the byte: its base "
        f"is {figures[1]}, and its {figures[0]} have their hashes. The function's base is what "
        "Google has patched by the day of its deploy, its advantage where nobody else would."
    )
    return Advice(text, figures, (contrast.PINNED,))


def _building(facts: Facts) -> Advice:
    figures = (contrast.bundle_text(facts.sides[1]),)
    text = (
        f"The function, if no image is to be built or kept: its source, {figures[0]}, is all that "
        "is handed over."
    )
    return Advice(text, figures, (contrast.BUNDLE,))


def _alone(facts: Facts, params: Params) -> Advice:
    name, step = contrast.VOLUME, params.prices.step_ms
    bills = [bill(side, VOLUMES[name], Sharing.ALONE, params) for side in facts.sides]
    amounts = tuple(dollars(one.list_dollars) for one in bills)
    p50 = [number(side.warm_p50_ms.value) for side in facts.sides]
    asked = f"{name} requests, each alone, list at ${amounts[0]}"
    told = f"{p50[0]} ms and {p50[1]} ms"
    if amounts[0] == amounts[1]:
        text = (
            f"Either, by the price of a request: {told} are billed as the same steps of {step} ms, "
            f"so {asked} on both."
        )
    else:
        cheap = facts.sides[bills[0].list_dollars > bills[1].list_dollars].name
        text = (
            f"The {cheap}, by the price of a request: {told} are not billed as the same steps of "
            f"{step} ms, so {asked} on the service and ${amounts[1]} on the function."
        )
    return Advice(text, amounts, (COSTS,))


def _steady(facts: Facts, params: Params) -> Advice:
    """Billing by instance or by request, at the most requests of the table."""
    name, requests = list(VOLUMES.items())[-1]
    side = facts.sides[0]
    spread = bill(side, requests, Sharing.EVENLY, params).dollars
    always = by_instance(1, resources_of(side, params), params.prices)
    figures = (dollars(spread), dollars(always))
    if always < spread:
        text = (
            f"Either, but billed by instance, at {name} requests a month spread evenly: "
            f"${figures[1]} for one that is always there, ${figures[0]} by request; the first is "
            f"cheaper from {_crossing(side, params)} requests on."
        )
    else:
        text = (
            f"Either, billed by request, even at {name} requests a month spread evenly: "
            f"${figures[0]}, and ${figures[1]} for an instance that is always there."
        )
    return Advice(text, figures, (COSTS, IDLE))


def _crossing(side: Side, params: Params) -> str:
    """The monthly requests at which both ways of billing cost the same, to two digits."""
    its, prices, times = resources_of(side, params), params.prices, times_of(side, params)
    always = by_instance(1, its, prices)
    low, high = 1.0, list(VOLUMES.values())[-1]
    while high / low > CLOSE:
        middle = (low * high) ** 0.5
        spent = by_request(middle, Sharing.EVENLY, times, its, prices).dollars
        low, high = (middle, high) if spent < always else (low, middle)
    return f"about {float(f'{low:.2g}'):,.0f}"


def _kept(facts: Facts, params: Params) -> Advice:
    side = max(facts.sides, key=lambda one: one.cold_ms.value)
    kept = dollars(kept_idle(1, 0, resources_of(side, params), params.prices))
    text = (
        f"Either, with min_instances: 1, if nobody may meet a start of "
        f"{milliseconds(side.cold_ms.value)}: the kept instance is ${kept} a month."
    )
    return Advice(text, (kept,), (IDLE,))
