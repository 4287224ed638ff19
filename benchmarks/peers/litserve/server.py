"""LitServe, as https://lightning.ai/docs/litserve/get-started has it: one API, ``server.run()``."""

import os
from typing import Any

import litserve
import numpy as np


class Pickled(litserve.LitAPI):  # type: ignore[misc] # not installed where this is checked
    """The estimator itself, loaded with joblib from ``$MODEL``."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        import joblib

        self.model = joblib.load(os.environ["MODEL"])

    def decode_request(self, request: dict[str, Any]) -> list[float]:
        features: list[float] = request["input"]
        return features

    def predict(self, x: list[float]) -> int:
        return int(self.model.predict([x])[0])

    def encode_response(self, output: int) -> dict[str, int]:
        return {"output": output}


class Onnx(Pickled):
    """The same with ONNX Runtime on one thread."""

    def setup(self, device: str) -> None:  # noqa: ARG002 - LitServe's signature
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path, providers = os.environ["MODEL"], ["CPUExecutionProvider"]
        self.session = ort.InferenceSession(path, options, providers=providers)
        self.name = self.session.get_inputs()[0].name
        self.label = [self.session.get_outputs()[0].name]

    def predict(self, x: list[float]) -> int:
        row = np.array([x], dtype=np.float32)
        return int(self.session.run(self.label, {self.name: row})[0][0])


if __name__ == "__main__":
    api = Onnx() if os.environ["MODEL"].endswith(".onnx") else Pickled()
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1)
    server.run(host=os.environ["HOST"], port=int(os.environ["PORT"]), generate_client_file=False)
