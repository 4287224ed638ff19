"""Endpoints of models that a test makes up, and ways to ask them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.callers import InProcessCaller
from twinserve.config.card import Card
from twinserve.inference.bundle import Settings
from twinserve.inference.endpoint import PredictionHandler
from twinserve.inference.model import Model
from twinserve.inference.responder import Responder
from twinserve.inference.telemetry import Instance
from twinserve.targets.opener import Reply

JSON = ("Content-Type", "application/json")
LIMIT, ORIGINS = 64 * 1024, ["*"]


class ToldModel:
    """Says what it was told to say, of each row its part; remembers the rows that it was given."""

    def __init__(self, predictions: Sequence[Any], shares: Sequence[Sequence[float]] = ()) -> None:
        self._predictions = predictions
        self._shares = shares
        self.given: list[Sequence[Any]] = []

    def predict(self, features: Sequence[Any]) -> Any:  # noqa: ANN401 - of any task
        return self.predict_many([features])[0]

    def predict_many(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        self.given += rows
        return list(self._predictions[: len(rows)])

    def scores(self, rows: Sequence[Sequence[Any]]) -> tuple[list[Any], list[Sequence[float]]]:
        shares = list(self._shares) or [() for _ in rows]
        return self.predict_many(rows), shares[: len(rows)]


def endpoint_of(model: Model, card: Card, **settings: Any) -> PredictionHandler:  # noqa: ANN401
    """An endpoint at /predict; the settings are named as ``Settings`` names them."""
    instance = Instance()
    instance.mark("interpreter")
    chosen = Settings(settings.pop("max_body_bytes", LIMIT), ORIGINS, **settings)
    responder = Responder(instance, chosen)
    return PredictionHandler(model, card, chosen, responder, {"/predict"}, directory=Path())


def ask(endpoint: PredictionHandler, body: object, path: str = "/predict") -> Reply:
    """Post a body, as JSON unless it is bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = [JSON, ("X-Request-Id", "a-request")]
    return InProcessCaller(endpoint).call("POST", path, headers, content)


def told(reply: Reply) -> Any:  # noqa: ANN401 - JSON
    """What an answer of 200 says."""
    assert reply.status == 200, reply.body
    return json.loads(reply.body)


def problem(reply: Reply, status: int = 422) -> Any:  # noqa: ANN401 - JSON
    """What a refusal says."""
    assert reply.status == status, reply.body
    return json.loads(reply.body)
