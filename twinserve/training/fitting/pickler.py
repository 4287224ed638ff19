"""The pickler of a trained model: the same bytes wherever and whenever it was fitted.

A member that was fitted in another process has its own copies of what members of one process share,
of texts and of NumPy's types; they are shared again. What a library notes of a run is left out.
"""

import sys
from typing import Any

import numpy as np
from joblib.numpy_pickle import NumpyPickler

_PLAIN = "biufc"
# Of CatBoost's model: a number that each run draws, and when it ended.
_OF_A_RUN = {"model_guid", "train_finish_time"}


class Pickler(NumpyPickler):  # type: ignore[misc] # joblib ships no types
    """As joblib's own."""

    def __init__(self, *arguments: Any) -> None:  # noqa: ANN401 - joblib's
        super().__init__(*arguments)
        self._within_record = False

    def save(self, part: Any) -> None:  # noqa: ANN401 - of any type
        """Write a part of the model."""
        if isinstance(part, np.dtype):
            self._save_dtype(part)
            return
        if not isinstance(part, type):
            _forget_run(part)
            _intern(getattr(part, "__dict__", {}))
        super().save(_padded(part) if isinstance(part, np.ndarray) else part)

    def _save_dtype(self, dtype: "np.dtype[Any]") -> None:
        # The fields of a record have dtypes of their own, in one process too.
        outer, self._within_record = self._within_record, dtype.fields is not None
        shared = dtype.kind in _PLAIN and not outer
        super().save(np.dtype(dtype.str) if shared else dtype)
        self._within_record = outer


def _padded(array: Any) -> Any:  # noqa: ANN401 - of any shape
    """Zeros between the fields of a record: a copy has there what was in memory before it."""
    if array.dtype.fields is None or array.dtype.hasobject:
        return array
    whole = np.zeros(array.shape, array.dtype)
    for name in array.dtype.names:
        whole[name] = array[name]
    return whole


def _intern(attributes: dict[Any, object]) -> None:
    """Names and texts of an instance, in its own dictionary."""
    interned = {_interned(name): _interned(value) for name, value in attributes.items()}
    # Of a name that is there already, a dictionary keeps the copy that it has.
    attributes.clear()
    attributes.update(interned)


def _interned(value: object) -> object:
    """A text, or several, as Python has those that stand in its own programs."""
    if type(value) is str:
        return sys.intern(value)
    if type(value) is tuple and all(type(one) is str for one in value):
        return tuple(map(sys.intern, value))
    return value


def _forget_run(part: Any) -> None:  # noqa: ANN401 - of any type
    if type(part).__module__ == "catboost.core" and part.is_fitted():
        noted = part.get_metadata()
        for name in {*noted.keys()} & _OF_A_RUN:
            del noted[name]
