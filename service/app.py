"""The service as FastAPI's own commands and tests know it: ``app``, a ``FastAPI``.

    uvicorn service.app:app --reload        fastapi dev service/app.py        TestClient(app)

``app`` is made when somebody asks for the name. ``python -m service``, which ``make serve`` and
the image start, never does: it answers predictions before FastAPI is imported. Routes of your own
belong in ``custom/routes.py``, a plain ``APIRouter``.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service.front import Service
from twinserve.config.errors import UserError
from twinserve.inference.bundle import locate_bundle

if TYPE_CHECKING:
    from fastapi import FastAPI

ROOT = Path(__file__).resolve().parent.parent
# With any other code of a worker's, gunicorn starts the next one, for ever.
GUNICORN_ENDS = 4


def create_app() -> "FastAPI":
    """The application of the bundle that this file lies in, or of the checkout's ``dist/service``.

    Raises:
        UserError: there is no bundle, it was changed, or a route of one's own is refused.
    """
    from service.pages import Pages

    service = Service(locate_bundle(ROOT, "service"), ROOT)
    return Pages(service).as_application()


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever a module has
    """Make ``app`` once it is asked for (PEP 562)."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        globals()["app"] = made = create_app()
    except UserError as error:
        sys.stderr.write(f"error: {error}\n")
        sys.exit(GUNICORN_ENDS if "gunicorn" in sys.modules else 1)
    return made


def __dir__() -> list[str]:
    """With ``app``, which ``fastapi dev`` looks for among the names of a module."""
    return sorted({*globals(), "app"})
