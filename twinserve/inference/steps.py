"""The user's own steps around the model, ``custom/steps.py``: the same on both targets.

    def load(): ...                          once, at the start
    def before(row): ...                     a request's row by name -> the model's features by name
    def after(row, answer): ...              the row as it was sent, the answer -> the answer
    def after(row, answer, probabilities):   likewise, with the classes' probabilities by name

Steps run on the event loop: what takes long belongs elsewhere.
"""

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_type_hints, is_typeddict

from twinserve.config.errors import UserError
from twinserve.inference.contract import (
    FLOAT32_MAX,
    MOST_ERRORS_NAMED,
    Problem,
    check_features,
    check_row,
    read_named,
    read_object,
)
from twinserve.inference.custom import CUSTOM, load_custom
from twinserve.inference.problem import escaped

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


_CLIENT_ERRORS = frozenset(status for status in HTTPStatus if 400 <= status < 500)  # noqa: PLR2004
# Of every answer; what stands behind them is the user's.
MEMBERS = frozenset({"prediction", "model_version"})
_MEMBERS = " and ".join(sorted(MEMBERS))


class Refusal(Problem):
    """A request that a step refuses, with a status of 4xx and a line that says what to send."""

    def __init__(self, status: int, detail: str, **more: Any) -> None:  # noqa: ANN401 - Problem's
        """Raises ValueError: the status is none of HTTP's for a client's fault."""
        if status not in _CLIENT_ERRORS:
            raise ValueError(f"a Refusal's status is one of HTTP's 4xx, found {status}")
        super().__init__(status, detail, **more)


class Steps:
    """The user's ``before`` and ``after``, checked once.

    Attributes:
        fields: of a request's row, each with its type; other types than those named above are
            not checked.
        required: fields that no row may leave out.
        with_probabilities: ``after`` takes those of the classes.
        row_type: the TypedDict that ``before`` says to take, if it does.
        answer_type: what ``after`` says to give, if it does.
    """

    def __init__(self, module: "ModuleType", card: "Card") -> None:
        """Raises UserError: one of the functions does not take what it is given."""
        self._card = card
        self._names = [feature.name for feature in card.features]
        self._classes = card.classes
        self._version = card.version
        self.before = _function(module, "before", 1)
        self.after = _function(module, "after", 2)
        self.with_probabilities = (
            self.after is not None and "probabilities" in inspect.signature(self.after).parameters
        )
        self.row_type = _row_type(self.before)
        self.answer_type = _hints(self.after).get("return")
        # Of other types than numbers, the card holds what is given, once the model is to read it.
        kinds = {feature.name: float if feature.plain else object for feature in card.features}
        self.fields: dict[str, Any] = _hints(self.row_type) or kinds
        gaps = {feature.name for feature in card.features if feature.missing}
        self.required = self.row_type.__required_keys__ if self.row_type else {*kinds} - gaps
        if self.with_probabilities and card.task == "regression":
            raise UserError(f"{WHERE}: after() takes probabilities, which a regression has none of")
        if (load := _function(module, "load", 0)) is not None:
            try:
                load()
            except Exception as error:  # noqa: BLE001 - of the user's own code
                raise UserError(f"{WHERE}: load(): {type(error).__name__}: {error}") from None

    @property
    def names(self) -> list[str]:
        """Which of the two there are, as the model card has it."""
        return [name for name in ("before", "after") if getattr(self, name) is not None]

    def read(self, body: bytes) -> Row:
        """A request's row, by name.

        Raises:
            Problem: 400 or 422, it is none. Where ``before`` names no fields of its own, a list is
                held to the contract as it is without steps; and anything is where there is none.
        """
        return self.row(read_object(body)["features"])

    def row(self, given: Any) -> Row:  # noqa: ANN401 - JSON
        """Likewise, of what a request gives as the features of a row.

        Raises:
            Problem: 422, it is none.
        """
        if self.before is None or (self.row_type is None and not isinstance(given, dict)):
            checked = check_features(given, self._card)
            if self._card.plain:
                return dict(zip(self._names, checked, strict=True))
            return given if isinstance(given, dict) else dict(zip(self._names, given, strict=True))
        if isinstance(given, list):
            if len(given) != len(self.fields):
                raise _unfit([("", f"expected {len(self.fields)} values, found {len(given)}")])
            given = dict(zip(self.fields, given, strict=True))
        if not isinstance(given, dict):
            raise _unfit([("", "expected a list, or an object by name")])
        faults = [
            (name, "is missing") for name in self.fields if name in self.required - given.keys()
        ]
        faults += [(name, "is not known") for name in given if name not in self.fields]
        for name in given.keys() & self.fields.keys():
            kind, value = self.fields[name], given[name]
            if (wanted := _misfit(kind, value)) is not None:
                faults.append((name, f"expected {wanted}"))
            elif kind is int:
                given[name] = int(value)
        if faults:
            raise _unfit(faults)
        return given

    def features(self, row: Row) -> list[float]:
        """What the model reads of a row.

        Raises:
            Problem: the step refuses the row, or makes a number of it that float32 does not hold.
        """
        if self.before is None:
            return list(row.values()) if self._card.plain else read_named(row, self._card)
        given = self.before(dict(row))
        if not isinstance(given, Mapping) or given.keys() != set(self._names):
            raise TypeError(f"{WHERE}: before() must give exactly {', '.join(self._names)}")
        if not self._card.plain:
            return check_row(given, self._card)
        values = []
        for name in self._names:
            value = given[name]
            # NumPy's numbers too, and no text.
            if not hasattr(value, "__float__") or (number := float(value)) != number:
                raise TypeError(f"{WHERE}: before() gave {value!r} for {name}, not a number")
            if not -FLOAT32_MAX <= number <= FLOAT32_MAX:
                raise Problem(422, f"this row makes {name} {number:g}, beyond float32's range")
            values.append(number)
        return values

    def answer(self, row: Row, features: list[float], model: "Model") -> tuple[Any, bytes]:
        """The class's number, or a regression's, and the body of the answer.

        Raises:
            Refusal: the step refuses the row.
        """
        shares: Sequence[float] = ()
        if self.with_probabilities:
            (prediction,), (shares,) = model.scores([features])
        else:
            prediction = model.predict(features)
        answer = self.complete(row, prediction, shares, {})
        return prediction, json.dumps(answer, allow_nan=False).encode()

    def complete(
        self,
        row: Row,
        prediction: Any,  # noqa: ANN401 - by the card's task
        shares: Sequence[float],
        included: Row,
    ) -> Row:
        """The answer to a row, as ``after`` makes it of the model's; ``included`` is asked for too.

        Raises:
            Refusal: the step refuses the row.
        """
        answer: Any = {"prediction": prediction, "model_version": self._version, **included}
        if self.after is not None:
            more = (
                {"probabilities": dict(zip(self._classes, shares, strict=bool(shares)))}
                if self.with_probabilities
                else {}
            )
            answer = self.after(row, answer, **more)
            if not isinstance(answer, dict) or not answer.keys() >= MEMBERS:
                raise TypeError(f"{WHERE}: after() must give the answer: a dict with {_MEMBERS}")
        complete: Row = answer
        return complete


def load_steps(root: Path, card: "Card") -> Steps | None:
    """The user's steps; None where there is no such module.

    Raises:
        UserError: it cannot be imported, or a function in it is not of the form above.
    """
    module = load_custom(root, NAME)
    return None if module is None else Steps(module, card)


def _function(module: "ModuleType", name: str, most: int) -> Callable[..., Any] | None:
    step = getattr(module, name, None)
    if step is None:
        return None
    if not callable(step) or inspect.iscoroutinefunction(step):
        raise UserError(f"{WHERE}: {name} must be a plain function")
    needed = [
        parameter
        for parameter in inspect.signature(step).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "probabilities"
    ]
    if len(needed) != most:
        raise UserError(f"{WHERE}: {name} must take {most} arguments, found {len(needed)}")
    function: Callable[..., Any] = step
    return function


def _hints(annotated: Any) -> dict[str, Any]:  # noqa: ANN401 - a function, a type, or None
    try:
        return {} if annotated is None else get_type_hints(annotated)
    except NameError as error:
        raise UserError(f"{WHERE}: {annotated.__name__}: a type cannot be read: {error}") from None


def _row_type(before: Callable[..., Any] | None) -> Any:  # noqa: ANN401 - a TypedDict, or None
    if before is None:
        return None
    first = next(iter(inspect.signature(before).parameters))
    kind = _hints(before).get(first)
    return kind if is_typeddict(kind) else None


def _misfit(kind: object, value: object) -> str | None:
    """What a value should be instead, or None if it is of the kind."""
    types, wanted = _TYPES.get(kind, ((object,), "a finite number"))
    if not isinstance(value, types):
        return wanted
    if isinstance(value, float) and not -FLOAT32_MAX <= value <= FLOAT32_MAX:
        return wanted
    return wanted if kind is int and isinstance(value, float) and value % 1 else None


def _unfit(faults: list[tuple[str, str]]) -> Problem:
    named = faults[:MOST_ERRORS_NAMED]
    more = f" and {len(faults) - len(named)} more" * (len(faults) > len(named))
    return Problem(
        422,
        "; ".join(f"{name or 'features'}: {fault}" for name, fault in named) + more,
        errors=[
            {
                "pointer": "#/features" + (f"/{escaped(name)}" if name else ""),
                "detail": f"{name}: {fault}" if name else fault,
            }
            for name, fault in named
        ],
    )
