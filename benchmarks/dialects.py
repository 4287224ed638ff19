"""How a server is asked for a prediction, and where its answer says the class."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Dialect:
    """A server's own protocol.

    Attributes:
        path: where a prediction is asked for.
        ask: from a row of features to what is sent as JSON.
        read: from what is answered as JSON to the class; None for who knows no model.
    """

    path: str
    ask: Callable[[list[float]], Any]
    read: Callable[[Any], Any] | None

    def body(self, features: list[float]) -> bytes:
        """The request's."""
        return json.dumps(self.ask(features)).encode()

    def prediction(self, body: bytes) -> object:
        """The class in an answer's body.

        Raises:
            ValueError: there is none.
        """
        if self.read is None:
            raise ValueError("it knows no model")
        try:
            answered: object = self.read(json.loads(body))
        except (LookupError, TypeError) as error:
            raise ValueError(f"no class in {body[:200]!r}") from error
        return answered


def _tensor(features: list[float]) -> dict[str, Any]:
    return {"name": "predict", "shape": [1, len(features)], "datatype": "FP32", "data": features}


OURS = Dialect("/predict", lambda row: {"features": row}, lambda answer: answer["prediction"])
WITHOUT_A_MODEL = Dialect(OURS.path, OURS.ask, None)
# https://lightning.ai/docs/litserve/get-started
LITSERVE = Dialect("/predict", lambda row: {"input": row}, lambda answer: answer["output"])
# https://docs.bentoml.com/en/latest/build-with-bentoml/services.html: the method's name is the
# route, its parameters are the members.
BENTOML = Dialect("/predict", lambda row: {"features": [row]}, lambda answer: answer[0])
# https://docs.seldon.ai/mlserver: the V2 inference protocol.
MLSERVER = Dialect(
    "/v2/models/model/infer",
    lambda row: {"inputs": [_tensor(row)]},
    lambda answer: answer["outputs"][0]["data"][0],
)
# https://mlflow.org/docs/latest/genai/serving
MLFLOW = Dialect(
    "/invocations", lambda row: {"inputs": [row]}, lambda answer: answer["predictions"][0]
)
# An ONNX model's outputs have names; the label is the first one.
MLFLOW_ONNX = Dialect(
    MLFLOW.path, MLFLOW.ask, lambda answer: next(iter(answer["predictions"].values()))[0]
)
