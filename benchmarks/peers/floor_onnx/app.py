"""The floor of ONNX: bare ASGI, JSON, the ONNX model at ``$MODEL``; no check, error or header."""

import json
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import numpy as np
import onnxruntime as ort

options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.inter_op_num_threads = 1
session = ort.InferenceSession(os.environ["MODEL"], options, providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
label = [session.get_outputs()[0].name]
version = os.environ["MODEL_VERSION"]

Message = MutableMapping[str, Any]


async def app(
    _scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a prediction request whose body comes in one piece."""
    message = await receive()
    row = np.array([json.loads(message["body"])["features"]], dtype=np.float32)
    prediction = int(session.run(label, {name: row})[0][0])
    body = json.dumps({"prediction": prediction, "model_version": version}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
