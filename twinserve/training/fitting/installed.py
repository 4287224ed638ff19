"""The distributions that are installed here, by the packages that they hold."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import packages_distributions


@cache
def distributions() -> Mapping[str, Sequence[str]]:
    """Listed once in a process: that takes a fifth of a second or more."""
    return packages_distributions()
