"""The floor: bare ASGI, JSON, the compiled model at ``$MODEL``; no check, error or header."""

import ctypes
import json
import os
import struct
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

library = ctypes.CDLL(os.environ["MODEL"])
pack = struct.Struct(f"{ctypes.c_int32.in_dll(library, 'model_features').value}d").pack
model = library.model_predict
model.argtypes = (ctypes.c_char_p,)
version = os.environ["MODEL_VERSION"]

Message = MutableMapping[str, Any]


async def app(
    _scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """Answer a prediction request whose body comes in one piece."""
    message = await receive()
    prediction = model(pack(*json.loads(message["body"])["features"]))
    body = json.dumps({"prediction": prediction, "model_version": version}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
