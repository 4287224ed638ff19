"""An estimator from what ``params.yaml`` says: built, pinned, checked, described."""

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import numpy as np
from sklearn.base import BaseEstimator, is_classifier, is_regressor

from twinserve.config.errors import UserError
from twinserve.config.serving import LIBRARIES
from twinserve.config.training import Estimator, Task
from twinserve.inference.custom import CUSTOM, load_custom
from twinserve.training.fitting.installed import distributions
from twinserve.training.fitting.pins import as_argument, package_of, pins

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_KEY = "import_path"
_PACKAGE = "sklearn"
_OF_FUNCTIONS = ("numpy", "scipy")
_HALVING = "Halving"
_REQUIREMENT = re.compile(r"scikit-learn\b", re.IGNORECASE)
_WHERE = "params.yaml: estimator"


class UnfitError(Exception):
    """A runtime cannot have this estimator; the message says why, as a part of a line."""


class Classifier(Protocol):
    """What of scikit-learn's interface is used here."""

    classes_: "NDArray[np.int64]"

    def fit(self, x: "ArrayLike", y: "ArrayLike", /) -> Self:
        """Train."""

    def predict(self, x: "ArrayLike", /) -> "NDArray[np.int64]":
        """Class numbers, shape (rows,)."""

    def predict_proba(self, x: "ArrayLike", /) -> "NDArray[np.float64]":
        """Probabilities, shape (rows, classes)."""

    def get_params(self, *, deep: bool = True) -> dict[str, Any]:
        """Arguments of the constructor; with ``deep`` those of nested estimators too."""

    def set_params(self, **params: object) -> Self:
        """Change arguments."""


def build_classifier(
    choice: Estimator,
    seed: int,
    classes: Sequence[str] = (),
    task: Task = "classification",
) -> Classifier:
    """Build the estimator, with all that is pinned of it; see ``fitting.pins``.

    A ``class_weight`` may call the classes by their names, which are given in their order.

    Raises:
        UserError: it is no scikit-learn estimator for the task, or refuses its arguments.
    """
    path = choice.import_path
    factory = load_class(path)
    if not _is_estimator(factory):
        raise UserError(f"{_WHERE}: {path} is not a scikit-learn estimator")
    built = _build(path, factory, choice.arguments, classes)
    classifier = cast("Classifier", built)
    try:
        arguments = classifier.get_params(deep=True)
        regresses, classifies = is_regressor(built), is_classifier(built)
    except Exception as error:  # noqa: BLE001 - a Pipeline reads its steps only now
        raise _refusal(path, error) from None
    if task == "regression" and not regresses:
        kind = "a classifier" if classifies else "not a regressor"
        raise UserError(
            f"{_WHERE}: {path} is {kind}; data.task is regression: expected a regressor, or a "
            "Pipeline of one"
        )
    if task == "classification" and regresses:
        raise UserError(
            f"{_WHERE}: {path} is a regressor; data.task is classification: expected a classifier "
            "(or data.task: regression)"
        )
    if task == "classification" and not classifies:
        raise UserError(f"{_WHERE}: {path} is not a classifier; expected one, or a Pipeline of one")
    return classifier.set_params(**pins(built, arguments, seed))


def build_steps(spelt: Mapping[str, object]) -> object:
    """What a nested mapping of import path and arguments gives.

    Raises:
        UserError: a class in it cannot be had, or refuses its arguments.
    """
    return _value("", spelt, ())


def tells_probabilities(fitted: object) -> bool:
    """Whether it has more to say than the class; some learn only in the fit whether they have."""
    return hasattr(fitted, "predict_proba")


def describe(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    """An argument, or an estimator with every argument that it has, as JSON can hold it."""
    if isinstance(value, np.generic):
        value = value.item()
    match value:
        case float() if not math.isfinite(value):
            return str(value)  # some arguments are meant to be nan, for which JSON has no word
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():
            return [describe(item) for item in value]
        case Mapping():
            return {str(key): describe(item) for key, item in value.items()}
    return _describe_object(value)


def _describe_object(value: object) -> str | dict[str, Any]:
    if hasattr(value, "__qualname__"):  # a function or a class
        return _public_path(value)
    get_params = getattr(value, "get_params", None)
    arguments = get_params(deep=False) if get_params else getattr(value, "__dict__", {})
    return {
        _KEY: _public_path(type(value)),
        "arguments": {name: describe(item) for name, item in sorted(arguments.items())},
    }


def first_line(error: Exception) -> str:
    """The first line of an exception's message, which may have thousands."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _build(
    path: str, factory: type, arguments: Mapping[str, object], classes: Sequence[str]
) -> object:
    try:
        signature = inspect.signature(factory)
        values = {
            name: as_argument(factory, signature, name, _value(name, argument, classes))
            for name, argument in arguments.items()
        }
        return factory(**values)
    except (TypeError, ValueError) as error:
        raise _refusal(path, error) from None


def _value(name: str, argument: object, classes: Sequence[str]) -> object:
    match argument:
        case dict() if name == "class_weight" and classes:
            return _by_number(argument, classes)
        case {"import_path": str() as path, **rest} if not rest and _is_function(path):
            return _load(path)
        case {"import_path": path, **rest}:
            if not isinstance(path, str) or not rest.keys() <= {"arguments"}:
                raise UserError(
                    f"{_WHERE}: found {argument!r:.80}, expected import_path and arguments"
                )
            inner = rest.get("arguments") or {}
            if not isinstance(inner, dict) or not all(isinstance(key, str) for key in inner):
                raise UserError(f"{_WHERE}: {path}: found arguments {inner!r:.80}, expected names")
            return _build(path, load_class(path), inner, classes)
        case dict():
            return {key: _value("", item, classes) for key, item in argument.items()}
        case list():
            return [_value("", item, classes) for item in argument]
    return argument


def _is_function(path: str) -> bool:
    """Whether a function stands there, as the argument of a transformer: ``numpy.log1p``."""
    return path.partition(".")[0] in {*_OF_FUNCTIONS, CUSTOM} and not isinstance(_load(path), type)


def _by_number(weights: Mapping[object, object], classes: Sequence[str]) -> dict[int, object]:
    """Weights of classes that are called by name or by number, by their numbers."""
    numbers = {name: number for number, name in enumerate(classes)}
    weights_by_number: dict[int, object] = {}
    for key, weight in weights.items():
        number = key if type(key) is int else numbers.get(str(key), -1)
        if number not in range(len(classes)) or number in weights_by_number:
            raise UserError(
                f"{_WHERE}: class_weight: found {key!r:.40}, expected each class once, by its name "
                f"in data.classes ({', '.join(classes)}) or its number, 0 to {len(classes) - 1}"
            )
        weights_by_number[number] = weight
    return weights_by_number


def load_class(path: str) -> type:
    """The class at an import path; nothing of it is called.

    Raises:
        UserError: it cannot be had, or is no such class.
    """
    loaded = _load(path)
    if not isinstance(loaded, type):
        raise UserError(f"{_WHERE}: {path} is not a class")
    # Kernels and splitters are no estimators, but may be an argument of an estimator.
    if not _is_estimator(loaded) and package_of(loaded) != _PACKAGE:
        raise UserError(f"{_WHERE}: {path} is not a scikit-learn estimator")
    return loaded


def _is_estimator(kind: type) -> bool:
    """Whether it has scikit-learn's interface; CatBoost's has it without its base class."""
    own = package_of(kind) in LIBRARIES and hasattr(kind, "__sklearn_tags__")
    return own or issubclass(kind, BaseEstimator)


def _load(path: str) -> object:
    """What stands at an import path.

    A module is imported only if it is the user's own, or belongs to scikit-learn or to an installed
    distribution that names scikit-learn among its requirements: to import any other would run it.

    Raises:
        UserError: there is nothing, or it may not be imported.
    """
    module, _, name = path.rpartition(".")
    package, _, inner = module.partition(".")
    if package == CUSTOM:
        own = load_custom(Path.cwd(), inner)
        member = getattr(own, name, None)
        if member is None:
            raise UserError(f"{_WHERE}: {path}: {CUSTOM}/{inner}.py has no {name}, or is not there")
        return cast("object", member)
    if module and package not in _OF_FUNCTIONS and not _for_estimators(package):
        raise UserError(
            f"{_WHERE}: {path} is not a scikit-learn estimator: {package} is neither scikit-learn "
            f"nor an installed package that requires it{_cure(package)}"
        )
    if name.startswith(_HALVING):
        # scikit-learn asks for a word before it gives what it may still change.
        import_module("sklearn.experimental.enable_halving_search_cv")
    try:
        return cast("object", getattr(import_module(module), name))
    except (ImportError, AttributeError, ValueError) as error:
        raise UserError(f"{_WHERE}: {path} cannot be imported: {first_line(error)}") from None


def _cure(package: str) -> str:
    known = {*LIBRARIES} - distributions().keys()
    return "; run `make .venv/ready`, which installs it" if package in known else ""


def _for_estimators(package: str) -> bool:
    # Asked for first: what is installed takes a fifth of a second to list.
    if package == _PACKAGE:
        return True
    names = distributions().get(package, ())
    if names and package in LIBRARIES:
        return True
    requirements = (requirement for name in names for requirement in requires(name) or ())
    return any(_REQUIREMENT.match(requirement) for requirement in requirements)


def _refusal(path: str, error: Exception) -> UserError:
    return UserError(f"{_WHERE}: {path} refuses its arguments: {first_line(error)}")


def _public_path(named: Any) -> str:  # noqa: ANN401 - a function or a class
    """``sklearn.ensemble.RandomForestClassifier``, without the private module it stands in."""
    parts = [part for part in named.__module__.split(".") if not part.startswith("_")]
    return ".".join([*parts, named.__qualname__])
