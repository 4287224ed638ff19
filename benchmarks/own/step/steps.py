"""A step on either side of the model that does next to nothing: the way there is measured."""

from typing import Any


def before(row: dict[str, float]) -> dict[str, float]:
    """Every feature as it was sent."""
    return row


def after(row: dict[str, float], answer: dict[str, Any]) -> dict[str, Any]:
    """A member more."""
    return answer | {"seen": len(row)}
