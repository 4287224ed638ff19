"""What a comparison may run: both targets from their bundles, and the peers beside them."""

from collections.abc import Sequence
from pathlib import Path

from config.card import Card, load_card
from config.errors import UserError
from targets.environment import ensure_environment
from targets.local import compile_bytecode, environment_for, local_function, local_service
from targets.process import ProcessTarget

PEERS = Path(__file__).parent / "peers"
DIST = Path("dist")
LOCKS = Path("locks")
CARD = DIST / "service" / "model.json"
# Trained, versioned, and never in a bundle that serves ONNX.
PICKLED = Path("models/model.pkl")

SERVICE = "service"
FUNCTION = "function"
FLOOR = "floor"
CEILING = "ceiling"
REFERENCE = "reference"
EMPTY_FUNCTION = "empty function"

DESCRIPTIONS = {
    SERVICE: "this project's service, from its bundle",
    FLOOR: "bare ASGI, JSON, the same ONNX model, and nothing else",
    REFERENCE: "FastAPI with joblib and scikit-learn in the request",
    CEILING: "bare ASGI echo, no model",
    FUNCTION: "this project's function, from its bundle",
    EMPTY_FUNCTION: "functions-framework in ASGI mode, returning a constant",
}


def bundled_card() -> Card:
    """The card in the service's bundle.

    Raises:
        UserError: there is no bundle.
    """
    if not CARD.exists():
        raise UserError(f"{CARD.parent}: no bundle there; make it with `make repro`")
    return load_card(CARD)


def prepare(names: Sequence[str], card: Card) -> list[ProcessTarget]:
    """The variants of these names, environments installed and bytecode compiled.

    Raises:
        UserError: a name is unknown, or something that a variant needs is missing.
    """
    return [_prepare(name, card) for name in names]


def _prepare(name: str, card: Card) -> ProcessTarget:
    match name:
        case "service":
            return local_service(DIST / "service")
        case "function":
            return local_function(DIST / "function")
        case "floor":
            return _asgi_peer(name, "service-onnx.txt", card, CARD.parent / "model.onnx")
        case "ceiling":
            return _asgi_peer(name, "service-onnx.txt", card, None)
        case "reference":
            return _asgi_peer(name, "service-joblib.txt", card, PICKLED)
        case "empty function":
            return _function_peer(name)
        case _:
            raise UserError(f"no variant {name!r}; one of: {', '.join(DESCRIPTIONS)}")


def _asgi_peer(name: str, lock: str, card: Card, model: Path | None) -> ProcessTarget:
    if model is not None and not model.exists():
        raise UserError(f"{name} needs {model}, which is not there; leave it out with --only")
    python = ensure_environment(LOCKS / lock)
    directory = PEERS / name
    compile_bytecode(python, directory)
    environment = environment_for(python) | {"MODEL_VERSION": card.version}
    if model is not None:
        environment["MODEL"] = str(model.absolute())
    return ProcessTarget(name, (str(python), str(PEERS / "serve.py")), directory, environment)


def _function_peer(name: str) -> ProcessTarget:
    python = ensure_environment(LOCKS / "function-onnx.txt")
    directory = PEERS / name.replace(" ", "_")
    compile_bytecode(python, directory)
    return ProcessTarget(
        name,
        (str(python.parent / "functions-framework"),),
        directory,
        environment_for(python) | {"FUNCTION_TARGET": "predict", "FUNCTION_USE_ASGI": "true"},
    )
