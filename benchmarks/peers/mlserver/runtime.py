"""MLServer's way to what it has no runtime for: https://docs.seldon.ai/mlserver/user-guide/custom."""

import numpy as np
import onnxruntime as ort
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse
from mlserver.utils import get_model_uri


class OnnxModel(MLModel):  # type: ignore[misc] # not installed where this is checked
    """ONNX Runtime on one thread."""

    async def load(self) -> bool:
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        path = await get_model_uri(self._settings)
        self.session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        self.input_name = self.session.get_inputs()[0].name
        self.label_name = [self.session.get_outputs()[0].name]
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        rows = NumpyCodec.decode_input(payload.inputs[0]).astype(np.float32)
        labels = self.session.run(self.label_name, {self.input_name: rows})[0]
        output = NumpyCodec.encode_output("predict", labels)
        return InferenceResponse(model_name=self.name, outputs=[output])
