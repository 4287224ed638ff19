"""Which path is whose: known before FastAPI has been imported."""

import os
import re
from collections.abc import Iterable

from twinserve.config.errors import UserError

PREDICT_PATH = "/predict"
HEALTH_PATH = "/health"
METRICS_PATH = "/metrics"
# What the FastAPI application answers. Any other path is refused without it, so that a scanner's
# thousand guesses never build it.
PAGE_PATHS = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/model"})
ASSETS_PATH = "/assets/"
# The page to try the model, which needs no FastAPI.
ROOT_PATH = "/"


# Where Vertex AI has its probes and its predictions go (Custom container requirements,
# cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements): each beside ours.
VERTEX_HEALTH = "AIP_HEALTH_ROUTE"
VERTEX_PREDICT = "AIP_PREDICT_ROUTE"


def paths_with(path: str, variable: str) -> frozenset[str]:
    """The path, and the one that the environment names beside it.

    Raises:
        UserError: that is none.
    """
    other = os.environ.get(variable) or path
    if not other.startswith("/"):
        raise UserError(f"{variable} must be a path that begins with /, found {other[:60]!r}")
    return frozenset({path, other})


class OwnPaths:
    """Which paths the user's own routes answer, by their regular expressions."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __contains__(self, path: str) -> bool:
        return any(pattern.match(path) for pattern in self._patterns)
