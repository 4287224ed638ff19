"""The user's own code: modules of ``custom/``, loaded by their path.

Upstream ships nothing there but a README, so an update of the engine never meets it.
"""

import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from twinserve.config.errors import UserError

if TYPE_CHECKING:
    from twinserve.inference.asgi import Application

CUSTOM = "custom"


def own_modules(root: Path) -> frozenset[str]:
    """Names of the user's modules below ``root``; what makes the folder a package holds nothing."""
    return frozenset(path.stem for path in (root / CUSTOM).glob("*.py")) - {"__init__"}


def load_custom(root: Path, name: str) -> ModuleType | None:
    """The module ``custom/NAME.py`` below ``root``; None if there is none.

    Raises:
        UserError: it cannot be imported; the line says where in it.
    """
    path = (root / CUSTOM / f"{name}.py").resolve()
    if not path.is_file():
        return None
    # A test that has imported it means the very objects that are served.
    known = sys.modules.get(f"{CUSTOM}.{name}")
    if known is not None and known.__file__ == str(path):
        return known
    # Imported where there is something to load: no start without it pays.
    from importlib.util import module_from_spec, spec_from_file_location

    # Under its own name, so that modules of the folder may import each other.
    qualified = f"{CUSTOM}.{name}"
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    spec = spec_from_file_location(qualified, path)
    assert spec is not None  # noqa: S101 - a file that ends in .py has a loader
    assert spec.loader is not None  # noqa: S101
    module = module_from_spec(spec)
    sys.modules[qualified] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # noqa: BLE001 - of the user's own code
        del sys.modules[qualified]
        cure = ""
        if isinstance(error, ModuleNotFoundError):
            cure = f"; name its package in {CUSTOM}/requirements.txt, then run `make lock`"
        raise UserError(f"{_place(path, error)}: {type(error).__name__}: {error}{cure}") from None
    return module


def _place(path: Path, error: Exception) -> str:
    """The file, and the line of it that the error passed through last."""
    if isinstance(error, SyntaxError):
        return f"{CUSTOM}/{path.name}, line {error.lineno}"
    import traceback

    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == str(path)
    ]
    return f"{CUSTOM}/{path.name}" + (f", line {lines[-1]}" if lines else "")


def with_middleware(application: "Application", root: Path) -> "Application":
    """The application behind the user's own middleware, ``custom/middleware.py``, if there is one.

    Raises:
        UserError: the module cannot be imported, or has no ``Middleware``.
    """
    module = load_custom(root, "middleware")
    if module is None:
        return application
    middleware = getattr(module, "Middleware", None)
    if not callable(middleware):
        raise UserError(
            f"{CUSTOM}/middleware.py: expected a class named Middleware that takes an ASGI "
            "application"
        )
    try:
        made: Application = middleware(application)
    except Exception as error:  # noqa: BLE001 - of the user's own code
        raise UserError(
            f"{_place(root / CUSTOM / 'middleware.py', error)}: {type(error).__name__}: {error}"
        ) from None
    return made
