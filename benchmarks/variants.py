"""The variants of a comparison: both targets from their bundles, and the peers beside them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import frameworks
from benchmarks.dialects import OURS, WITHOUT_A_MODEL, Dialect
from twinserve.config.card import Card, GoldenCase
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.runtimes import dist_of, dist_unmonitored, dist_with
from twinserve.inference.custom import own_modules
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import compile_bytecode, environment_for, local_function, local_service
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Target
from twinserve.training.fitting.pickled import read_pickled
from twinserve.training.outputs import write_output

FLOORS = Path(__file__).parent / "floors"
# What a user may write, each in a folder of its own that stands in for `custom/`.
OWN = Path(__file__).parent / "own"
DIST = Path("dist")
LOCKS = Path("locks")
# Trained, versioned, and never in a bundle that does not serve it.
PICKLED = Path("models/model.pkl")
COMPARED = Path(".cache/compared")

SERVICE = "service"
SERVICE_ONNX = "service onnx"
FUNCTION = "function"
FLOOR = "floor"
FLOOR_ONNX = "floor onnx"
CEILING = "ceiling"
REFERENCE = "reference"
EMPTY_FUNCTION = "empty function"
RUNTIMES = ("compiled", "onnx", "joblib")
UNMONITORED = "unmonitored"
OWN_CODE = {"step": "a step of one's own before and after the model", "middleware": "a middleware"}
UNSET = f"{FUNCTION} unset"

DESCRIPTIONS = {
    SERVICE: "this project's service, from its bundle",
    **{f"{SERVICE} {runtime}": f"the same under runtime {runtime}" for runtime in RUNTIMES},
    FLOOR: "bare ASGI, JSON, the same compiled model, and nothing else",
    FLOOR_ONNX: "bare ASGI, JSON, the same ONNX model, and nothing else",
    REFERENCE: "FastAPI with joblib and scikit-learn in the request",
    CEILING: "bare ASGI echo, no model",
    FUNCTION: "this project's function, from its bundle",
    **{f"{FUNCTION} {runtime}": f"the same under runtime {runtime}" for runtime in RUNTIMES},
    EMPTY_FUNCTION: "functions-framework in ASGI mode, returning a constant",
    UNSET: "the function without FUNCTION_USE_ASGI: Flask is made and thrown away",
    **{
        f"{SERVICE} {kind}": f"the service with {description}"
        for kind, description in OWN_CODE.items()
    },
    **{f"{target} {UNMONITORED}": "the same without monitoring" for target in (SERVICE, FUNCTION)},
    **{name: frameworks.describe(name) for name in frameworks.NAMES},
}


@dataclass(frozen=True, slots=True)
class Variant:
    """A variant to compare.

    Attributes:
        dialect: how it is spoken to.
        cases: what it is asked, and the class that it must answer, if it knows a model.
        environment: the folder of its virtual environment, where it has one of its own.
        version: of what is not this project's.
        opens_early: it takes connections before it can answer them as it should, so its first
            answer with status 200 is waited for; whoever does not is held to the very first.
    """

    target: Target
    dialect: Dialect
    cases: tuple[GoldenCase, ...]
    environment: Path | None = None
    opens_early: bool = False
    version: str = ""

    @property
    def name(self) -> str:
        """In tables and reports."""
        return self.target.name


def default_names(card: Card) -> tuple[str, ...]:
    """Of `compare`: all of our own."""
    # Where the bundles hold code of the user's, no row is the plain one that a step is added to.
    without = {f"{SERVICE} {kind}" for kind in OWN_CODE} if own_modules(Path()) else set()
    without |= set(frameworks.NAMES)
    return tuple(name for name in _possible(card) if name not in without)


def peer_names(card: Card) -> tuple[str, ...]:
    """Of `peers`: whatever serves the model, and the ceiling."""
    without = {EMPTY_FUNCTION, UNSET, *(f"{SERVICE} {kind}" for kind in OWN_CODE)}
    return tuple(name for name in _possible(card) if name not in without)


def _possible(card: Card) -> tuple[str, ...]:
    """All that the model can have, each once: the bundle's own runtime is the row without one."""
    absent = {card.runtime, *card.choice.passed_over}
    without = {f"{target} {runtime}" for target in (SERVICE, FUNCTION) for runtime in absent}
    without |= {f"{target} {UNMONITORED}" for target in (SERVICE, FUNCTION)}
    without |= {FLOOR} if "compiled" in card.choice.passed_over else set()
    if "onnx" in card.choice.passed_over:
        without |= {name for name in DESCRIPTIONS if name.endswith(f" {frameworks.ONNX}")}
    return tuple(name for name in DESCRIPTIONS if name not in without)


def prepare(names: Sequence[str], card: Card) -> list[Variant]:
    """The variants of these names, environments installed and bytecode compiled.

    Raises:
        UserError: a name is unknown, or something that a variant needs is missing.
    """
    return [_prepare(name, card) for name in names]


def _prepare(name: str, card: Card) -> Variant:
    cases = tuple(card.golden)
    if name in frameworks.NAMES:
        converted = name.endswith(frameworks.ONNX)
        model = _dist(["onnx"], card) / "service" / "model.onnx" if converted else PICKLED
        target, python = frameworks.prepare_framework(name, _there(name, model))
        dialect = frameworks.dialect_of(name)
        version = frameworks.version_of(name)
        home = python.parent.parent
        return Variant(target, dialect, cases, home, opens_early=True, version=version)
    target = _own_target(name, card)
    dialect = WITHOUT_A_MODEL if name in {CEILING, EMPTY_FUNCTION} else OURS
    return Variant(target, dialect, cases, Path(target.command[0]).parent.parent)


def _own_target(name: str, card: Card) -> ProcessTarget:
    match name.split():
        case ["service", *runtime]:
            return replace(local_service(_dist(runtime, card) / "service"), name=name)
        case ["function", "unset"]:
            function = local_function(DIST / "function")
            variables = dict(function.environment)
            del variables["FUNCTION_USE_ASGI"]
            return replace(function, name=name, environment=variables)
        case ["function", *runtime]:
            return replace(local_function(_dist(runtime, card) / "function"), name=name)
        case ["empty", "function"]:
            return _function_peer(name)
        case _:
            return _asgi_peer(name, card, *_needs(name, card))


def _needs(name: str, card: Card) -> tuple[str, Path | None]:
    """The lock and the model of a peer of the service."""
    match name:
        case "floor":
            return "service-compiled.txt", _dist(["compiled"], card) / "service" / "model.so"
        case "floor onnx":
            return "service-onnx.txt", _dist(["onnx"], card) / "service" / "model.onnx"
        case "ceiling":
            return "service-compiled.txt", None
        case "reference":
            return "service-joblib.txt", PICKLED
        case _:
            raise UserError(f"no variant {name!r}; one of: {', '.join(DESCRIPTIONS)}")


def _dist(runtime: Sequence[str], card: Card) -> Path:
    """Where the bundles are; without a runtime, or under the bundle's own, as they were made."""
    if tuple(runtime) == (UNMONITORED,):
        return dist_unmonitored()
    if runtime and runtime[0] in OWN_CODE:
        return dist_with(OWN / runtime[0])
    return DIST if not runtime or runtime[0] == card.runtime else dist_of(runtime[0])


def _there(name: str, model: Path) -> Path:
    if not model.exists():
        raise UserError(f"{name} needs {model}, which is not there; leave it out with --only")
    if model != PICKLED:
        return model
    # Frameworks unpickle a file by its path: theirs is of the very bytes that were compared.
    copy = COMPARED / model.name
    write_output(copy, read_pickled(model))
    return copy


def _asgi_peer(name: str, card: Card, lock: str, model: Path | None) -> ProcessTarget:
    served = {} if model is None else {"MODEL": str(_there(name, model).absolute())}
    python = ensure_environment(LOCKS / lock)
    directory = FLOORS / name.partition(" ")[0]
    compile_bytecode(python, directory)
    environment = environment_for(python) | {"MODEL_VERSION": card.version} | served
    return ProcessTarget(name, (str(python), str(FLOORS / "serve.py")), directory, environment)


def _function_peer(name: str) -> ProcessTarget:
    python = ensure_environment(LOCKS / "function-compiled.txt")
    directory = FLOORS / name.replace(" ", "_")
    compile_bytecode(python, directory)
    return ProcessTarget(
        name,
        (str(python.parent / "functions-framework"),),
        directory,
        environment_for(python) | {"FUNCTION_TARGET": "predict", "FUNCTION_USE_ASGI": "true"},
    )
