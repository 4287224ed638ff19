"""Fits on all cores, with what comes out the same on any number of them.

joblib's threads draw each member's seed before they begin, so a forest has the same trees however
many grow at once. Not so a sum that threads divide: OpenMP's over the rows, or a forest's over its
trees when it is asked. What adds one up keeps to a single thread.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import joblib

_SUMMING = ("cluster", "decomposition", "mixture", "neighbors", "neural_network")
_SUMMING_CLASSES = (
    "HistGradientBoostingClassifier", "HistGradientBoostingRegressor", "KBinsDiscretizer",
    # These ask their members while they are fitted.
    "AdaBoostClassifier", "AdaBoostRegressor", "IterativeImputer", "RFECV",
    "SelfTrainingClassifier",
)  # fmt: skip


@contextmanager
def fitting(estimator: object) -> Iterator[None]:
    """Let members, folds of a search and its candidates be fitted side by side."""
    with joblib.parallel_config(backend="threading", n_jobs=_jobs(estimator)):
        yield


@contextmanager
def side_by_side(estimator: object) -> Iterator[int]:
    """How many copies may be fitted or asked at once, each by itself on a single thread."""
    with joblib.parallel_config(backend="threading"):
        yield _jobs(estimator)


def _jobs(estimator: object) -> int:
    return -1 if all(map(_same_alone, _parts(estimator))) else 1


def _parts(estimator: object) -> list[object]:
    get_params = getattr(estimator, "get_params", None)
    inner = [] if get_params is None else list(get_params(deep=True).values())
    return [estimator, *(part for part in inner if hasattr(part, "fit"))]


def _same_alone(part: object) -> bool:
    """Whether it is the same fitted beside others; of another library nobody here can tell."""
    package, _, inner = type(part).__module__.partition(".")
    kind = type(part).__name__
    room = inner.partition(".")[0]
    return package == "sklearn" and room not in _SUMMING and kind not in _SUMMING_CLASSES
