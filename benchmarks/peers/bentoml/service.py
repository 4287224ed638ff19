"""BentoML: a service whose API takes and gives arrays, as its guides have it."""

import os

import bentoml
import numpy as np


@bentoml.service(workers=1)
class Pickled:
    """The estimator itself, loaded with joblib from ``$MODEL``."""

    def __init__(self) -> None:
        import joblib

        self.model = joblib.load(os.environ["MODEL"])

    @bentoml.api  # type: ignore[untyped-decorator] # not installed where this is checked
    def predict(self, features: np.ndarray) -> np.ndarray:
        return np.asarray(self.model.predict(features))


@bentoml.service(workers=1)
class Onnx:
    """The same with ONNX Runtime on one thread."""

    def __init__(self) -> None:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path, providers = os.environ["MODEL"], ["CPUExecutionProvider"]
        self.session = ort.InferenceSession(path, options, providers=providers)
        self.name = self.session.get_inputs()[0].name
        self.label = [self.session.get_outputs()[0].name]

    @bentoml.api  # type: ignore[untyped-decorator] # not installed where this is checked
    def predict(self, features: np.ndarray) -> np.ndarray:
        rows = features.astype(np.float32)
        return np.asarray(self.session.run(self.label, {self.name: rows})[0])
