"""Numbers as a reader wants them: three digits that mean something, and always a unit."""

from twinserve.measure.statistics import Estimate

EN_DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
NOT_MEASURED = "not measured here"


def number(value: float) -> str:
    """About three significant digits, thousands set off by commas."""
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.{_decimals(value)}f}"


def milliseconds(value: float) -> str:
    """A duration."""
    return f"{number(value)} ms"


def per_second(value: float) -> str:
    """A rate."""
    return f"{value:,.0f}/s"


def megabytes(value: float | None) -> str:
    """A size in bytes, as millions of them."""
    return NOT_MEASURED if value is None else f"{value / 1e6:.1f} MB"


def interval(estimate: Estimate) -> str:
    """The interval without the middle, without a unit."""
    return f"{number(estimate.low)}{EN_DASH}{number(estimate.high)}"


def ratio(value: float) -> str:
    """A ratio."""
    return f"{value:,.{_decimals(value)}f}{TIMES}"


def _decimals(value: float) -> int:
    """As many as make three digits of it."""
    return next((places for places, limit in ((2, 10), (1, 100)) if abs(value) < limit), 0)
