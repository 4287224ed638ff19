"""The user's own steps around the model, ``custom/steps.py``: the same on both targets.

    def load(): ...                          once, at the start
    def before(row): ...                     a request's row by name -> the model's features by name
    def after(row, answer): ...              the row as it was sent, the answer -> the answer
    def after(row, answer, probabilities):   likewise, with the classes' probabilities by name

Steps run on the event loop: what takes long belongs elsewhere.
"""

import inspect
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints

from twinserve.config.errors import UserError
from twinserve.inference.contract import FLOAT32_MAX, Problem, read_object
from twinserve.inference.custom import CUSTOM, load_custom

if TYPE_CHECKING:
    from types import ModuleType

    from twinserve.config.card import Card
    from twinserve.inference.model import Model

NAME = "steps"
WHERE = f"{CUSTOM}/{NAME}.py"
Row = dict[str, Any]
# Types that a field of a request may have, and how a refusal names them.
_TYPES: dict[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    float: ((float,), "a finite number"),
    int: ((float,), "a whole number"),
    str: ((str,), "a string"),
}


class Refusal(Problem):
    """A request that a step refuses, with a status of 4xx and a line that says what to send."""


class Steps:
    """The user's ``before`` and ``after``, checked once.

    Attributes:
        fields: of a request's row, each with its type; other types than those named above are
            not checked.
        row_type: the TypedDict that ``before`` says to take, if it does.
        answer_type: what ``after`` says to give, if it does.
    """

    def __init__(self, module: "ModuleType", card: "Card") -> None:
        """Raises UserError: one of the functions does not take what it is given."""
        self._names = [feature.name for feature in card.features]
        self._classes = card.classes
        self._version = card.version
        self.before = _function(module, "before", 1)
        self.after = _function(module, "after", 2)
        self._with_probabilities = (
            self.after is not None and "probabilities" in inspect.signature(self.after).parameters
        )
        self.row_type = _row_type(self.before)
        self.answer_type = _hints(self.after).get("return")
        self.fields = (
            get_type_hints(self.row_type) if self.row_type else dict.fromkeys(self._names, float)
        )
        if (load := _function(module, "load", 0)) is not None:
            try:
                load()
            except Exception as error:  # noqa: BLE001 - of the user's own code
                raise UserError(f"{WHERE}: load(): {type(error).__name__}: {error}") from None

    def read(self, body: bytes) -> Row:
        """A request's row, by name.

        Raises:
            Problem: 400 or 422, it is none.
        """
        given = read_object(body)["features"]
        if isinstance(given, list):
            if len(given) != len(self.fields):
                raise _unfit([("", f"expected {len(self.fields)} values, found {len(given)}")])
            given = dict(zip(self.fields, given, strict=True))
        if not isinstance(given, dict):
            raise _unfit([("", "expected a list, or an object by name")])
        faults = [(name, "is missing") for name in self.fields if name not in given]
        faults += [(name, "is not known") for name in given if name not in self.fields]
        for name, value in given.items():
            types, wanted = _TYPES.get(self.fields.get(name), ((object,), ""))
            whole = self.fields.get(name) is int
            fits = isinstance(value, types) and not (
                isinstance(value, float)
                and (not -FLOAT32_MAX <= value <= FLOAT32_MAX or (whole and value % 1))
            )
            if not fits:
                faults.append((name, f"expected {wanted}"))
            elif whole:
                given[name] = int(value)
        if faults:
            raise _unfit(faults)
        return given

    def features(self, row: Row) -> list[float]:
        """What the model reads of a row.

        Raises:
            Refusal: the step refuses the row.
        """
        given = row if self.before is None else self.before(dict(row))
        if not isinstance(given, Mapping) or given.keys() != set(self._names):
            raise TypeError(f"{WHERE}: before() must give exactly {', '.join(self._names)}")
        values = [given[name] for name in self._names]
        for name, value in zip(self._names, values, strict=True):
            if not isinstance(value, int | float) or not math.isfinite(value):
                raise TypeError(f"{WHERE}: before() gave {value!r} for {name}, not a finite number")
        return list(map(float, values))

    def answer(self, row: Row, features: list[float], model: "Model") -> tuple[int, bytes]:
        """The class's number, and the body of the answer.

        Raises:
            Refusal: the step refuses the row.
        """
        if self._with_probabilities:
            (prediction,), (shares,) = model.scores([features])
        else:
            prediction = model.predict(features)
        answer: Any = {"prediction": prediction, "model_version": self._version}
        if self.after is not None:
            more = (
                {"probabilities": dict(zip(self._classes, shares, strict=True))}
                if self._with_probabilities
                else {}
            )
            answer = self.after(row, answer, **more)
            if not isinstance(answer, dict):
                raise TypeError(f"{WHERE}: after() must give the answer, a dict")
        return prediction, json.dumps(answer, allow_nan=False).encode()


def load_steps(root: Path, card: "Card") -> Steps | None:
    """The user's steps; None where there is no such module.

    Raises:
        UserError: it cannot be imported, or a function in it is not of the form above.
    """
    module = load_custom(root, NAME)
    return None if module is None else Steps(module, card)


def _function(module: "ModuleType", name: str, most: int) -> Callable[..., Any] | None:
    found = getattr(module, name, None)
    if found is None:
        return None
    if not callable(found) or inspect.iscoroutinefunction(found):
        raise UserError(f"{WHERE}: {name} must be a plain function")
    needed = [
        parameter
        for parameter in inspect.signature(found).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "probabilities"
    ]
    if len(needed) != most:
        raise UserError(f"{WHERE}: {name} must take {most} arguments, found {len(needed)}")
    function: Callable[..., Any] = found
    return function


def _hints(function: Callable[..., Any] | None) -> dict[str, Any]:
    return {} if function is None else get_type_hints(function)


def _row_type(before: Callable[..., Any] | None) -> Any:  # noqa: ANN401 - a TypedDict, or None
    hints = _hints(before)
    hints.pop("return", None)
    (kind,) = hints.values() or (None,)
    return kind if hasattr(kind, "__total__") else None


def _unfit(faults: list[tuple[str, str]]) -> Problem:
    return Problem(
        422,
        "; ".join(f"{name or 'features'}: {fault}" for name, fault in faults),
        errors=[
            {
                "pointer": "#/features" + (f"/{name}" if name else ""),
                "detail": f"{name}: {fault}" if name else fault,
            }
            for name, fault in faults
        ],
    )
