"""Arguments as a library takes them, and those that are pinned.

So a fit is the same on every machine, and so is its pickle.

An open ``random_state`` gets the seed. A given ``n_jobs`` is unset: how many cores a fit takes is
decided where it is run; a library that would take all of them by itself gets 1.
"""

from collections.abc import Iterator, Mapping
from inspect import Signature
from typing import Any

from twinserve.config.serving import LIBRARIES

_SKLEARN, _CATBOOST = "sklearn", "catboost"
# CatBoost has several names for an argument, of which it takes one.
_SEEDS = ("random_seed", "random_state")
_LOGGING = ("logging_level", "silent", "verbose", "verbose_eval")


def pins(built: Any, arguments: Mapping[str, Any], seed: int) -> dict[str, object]:  # noqa: ANN401 - scikit-learn has no types
    """What ``set_params`` is to be given; ``arguments`` are all that the estimator has."""
    pinned: dict[str, object] = {}
    for name, value in arguments.items():
        match name.rpartition("__")[2]:
            case "random_state" if value is None:
                pinned[name] = seed
            case "n_jobs" if (package := _owner(built, name)) == _SKLEARN:
                pinned[name] = None
            case "n_jobs" if value is not None or package in LIBRARIES:
                # One of a library takes all cores where nothing is said.
                pinned[name] = 1
    for place, part in {"": built, **arguments}.items():
        if package_of(type(part)) == _CATBOOST:
            before = f"{place}__" if place else ""
            pinned |= {f"{before}{name}": value for name, value in _quiet(part, seed)}
    return pinned


def as_argument(factory: type, signature: Signature, name: str, value: object) -> object:
    """A value of YAML's, which has no tuples; some arguments (feature_range) are refused as lists.

    CatBoost hands out a copy of a list, for which scikit-learn takes it for a class that changes
    its arguments, and refuses to clone it.

    Raises:
        ValueError: it is a mapping of CatBoost's, of which the same holds.
    """
    parameter = signature.parameters.get(name)
    catboost = package_of(factory) == _CATBOOST
    if catboost and isinstance(value, dict):
        raise ValueError(
            f"{name}: found a mapping, expected a list, as class_weights in the order of classes"
        )
    if isinstance(value, list) and (
        catboost or (parameter and isinstance(parameter.default, tuple))
    ):
        return tuple(value)
    return value


def package_of(kind: type) -> str:
    """The package that a class stands in."""
    return kind.__module__.partition(".")[0]


def _owner(built: Any, argument: str) -> str:  # noqa: ANN401 - likewise
    """The package of the estimator whose argument it is."""
    owner = argument.rpartition("__")[0]
    holder = built.get_params(deep=True).get(owner) if owner else built
    return package_of(type(holder))


def _quiet(part: Any, seed: int) -> Iterator[tuple[str, object]]:  # noqa: ANN401 - likewise
    """CatBoost's own, which tells of no argument that it was not given.

    It would take all cores, print a line for each tree, and leave a folder ``catboost_info``.
    """
    given = part.get_params()
    yield "thread_count", 1
    if "allow_writing_files" not in given:
        yield "allow_writing_files", False
    if given.keys().isdisjoint(_LOGGING):
        yield "logging_level", "Silent"
    if all(given.get(name) is None for name in _SEEDS):
        yield next((name for name in _SEEDS if name in given), _SEEDS[0]), seed
