"""The floor: bare ASGI, JSON, the model at ``$MODEL``; no check, error or header."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Predict = Callable[[list[float]], int]
Message = MutableMapping[str, Any]


def open_compiled(path: str) -> Predict:
    """The shared object that ``export`` compiles."""
    import ctypes
    import struct

    library = ctypes.CDLL(path)
    pack = struct.Struct(f"{ctypes.c_int32.in_dll(library, 'model_features').value}d").pack
    model = library.model_predict
    model.argtypes = (ctypes.c_char_p,)
    return lambda features: int(model(pack(*features)))


def open_onnx(path: str) -> Predict:
    """ONNX Runtime on one thread."""
    import numpy as np
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    label = [session.get_outputs()[0].name]
    return lambda features: int(
        session.run(label, {name: np.array([features], dtype=np.float32)})[0][0]
    )


path = os.environ["MODEL"]
predict = open_onnx(path) if path.endswith(".onnx") else open_compiled(path)
version = os.environ["MODEL_VERSION"]


async def app(
    _scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a prediction request whose body comes in one piece."""
    message = await receive()
    prediction = predict(json.loads(message["body"])["features"])
    body = json.dumps({"prediction": prediction, "model_version": version}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
