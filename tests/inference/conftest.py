"""A small endpoint whose model needs no runtime, and a copy of a bundle to spoil."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import joblib
import pytest

from twinserve.config.card import Card, load_card
from twinserve.inference.bundle import Settings
from twinserve.inference.endpoint import PredictionHandler
from twinserve.inference.responder import Responder
from twinserve.inference.telemetry import Instance
from twinserve.training.served.conversion import to_onnx


class ConstantModel:
    """Answers class 0, or raises what it was given."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error

    def predict(self, features: Sequence[float]) -> int:
        assert features
        if self._error:
            raise self._error
        return 0

    def predict_many(self, rows: Sequence[Sequence[float]]) -> list[int]:
        return [self.predict(row) for row in rows]

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
        return [0 for _ in rows], [[1.0] for _ in rows]


@pytest.fixture(scope="session")
def card(dist: Path) -> Card:
    """The card of the default model."""
    return load_card(dist / "service" / "model.json")


@pytest.fixture(scope="session")
def artifacts(dist: Path) -> dict[str, bytes]:
    """The default model for each runtime."""
    models = dist.parent / "models"
    forest = joblib.load(models / "model.pkl")
    return {
        "compiled": (models / "served" / "model.so").read_bytes(),
        "onnx": to_onnx(forest, forest.n_features_in_, "iris"),
        "joblib": (models / "model.pkl").read_bytes(),
    }


@pytest.fixture
def make_endpoint(card: Card) -> Callable[..., PredictionHandler]:
    """Makes an endpoint at /predict."""

    def make(
        *, error: Exception | None = None, limit: int = 1000, origins: Sequence[str] = ("*",)
    ) -> PredictionHandler:
        settings = Settings(limit, list(origins))
        instance = Instance()
        instance.mark("interpreter")
        responder = Responder(instance, settings)
        return PredictionHandler(
            ConstantModel(error), card, settings, responder, {"/predict"}, directory=Path()
        )

    return make


@pytest.fixture
def bundle(dist: Path, tmp_path: Path) -> Path:
    """A bundle that a test may spoil."""
    copy = tmp_path / "bundle"
    shutil.copytree(dist / "service", copy)
    return copy
