"""The served model behind a small protocol; a module of ``runtimes`` each."""

import hashlib
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from twinserve.config.card import Card, read_file
from twinserve.config.errors import UserError
from twinserve.config.layout import NATIVE_VARIABLE

RUNTIMES = ("compiled", "onnx", "joblib")


class Model(Protocol):
    """A loaded classifier or regressor. Calls may come from any thread."""

    def predict(self, features: Sequence[Any]) -> Any:  # noqa: ANN401 - by the card's task
        """The prediction for an encoded row: a class's number, an int; a regression's, a float."""

    def predict_many(self, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """Predictions of encoded rows, at least one, in one call."""

    def scores(
        self, rows: Sequence[Sequence[Any]]
    ) -> tuple[Sequence[Any], Sequence[Sequence[float]]]:
        """Predictions, shape (rows,), and probabilities, shape (rows, classes).

        Of a model that tells labels only there are no probabilities, shape (rows, 0). Of a
        regression the prediction stands in the place of probabilities, shape (rows, 1).
        """


class Runtime(Protocol):
    """A module of ``twinserve.inference.runtimes``."""

    def load(self, artifact: bytes, card: Card) -> Model:
        """Make a model of the artifact's bytes.

        Raises:
            UserError: they are not such an artifact, or do not fit the card.
        """


def load_runtime(card: Card) -> Runtime:
    """Import the module of the card's runtime, and with it what that runtime needs.

    Raises:
        UserError: the card names a runtime that is not one of ``RUNTIMES``.
    """
    if card.runtime not in RUNTIMES:
        msg = f"runtime {card.runtime!r} is not known here; one of: {', '.join(RUNTIMES)}"
        raise UserError(msg)
    return cast("Runtime", import_module(f"twinserve.inference.runtimes.{card.runtime}"))


def load_model(card: Card, directory: Path, runtime: Runtime | None = None) -> Model:
    """Load the artifact that ``card.served`` names, once its SHA-256 is proven.

    The very bytes that were hashed are loaded; a runtime never opens the file itself.

    Raises:
        UserError: the artifact is missing, is not the one that the card names, or cannot be loaded.
    """
    path, expected = _artifact(card, directory)
    artifact = read_file(path, "make it with `dvc repro`", most=None)
    digest = hashlib.sha256(artifact).hexdigest()
    if digest != expected:
        msg = (
            f"{path}: SHA-256 is {digest[:12]}…, the model card says {expected[:12]}…; nothing is "
            "served. Make the bundle again with `dvc repro`"
        )
        raise UserError(msg)
    return (runtime or load_runtime(card)).load(artifact, card)


def _artifact(card: Card, directory: Path) -> tuple[Path, str]:
    """Where the artifact is, and its SHA-256."""
    native = os.environ.get(NATIVE_VARIABLE)
    if native and card.runtime == "compiled":
        expected, _, path = native.partition(":")
        return Path(path), expected
    return directory / card.served, card.artifacts[card.served]
