"""Which path is whose: known before FastAPI has been imported."""

import re
from collections.abc import Iterable

PREDICT_PATH = "/predict"
HEALTH_PATH = "/health"
METRICS_PATH = "/metrics"
# What the FastAPI application answers. Any other path is refused without it, so that a scanner's
# thousand guesses never build it.
PAGE_PATHS = frozenset({"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/model"})
ASSETS_PATH = "/assets/"
# The page to try the model, which needs no FastAPI.
ROOT_PATH = "/"


class OwnPaths:
    """Which paths the user's own routes answer, by their regular expressions."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._patterns = [re.compile(pattern) for pattern in patterns]

    def __contains__(self, path: str) -> bool:
        return any(pattern.match(path) for pattern in self._patterns)
