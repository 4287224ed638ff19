"""Tensors in binary behind the JSON of a request: Triton's extension, as its own client sends them.

https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md
"""

import struct
from typing import Any

from twinserve.inference.asgi import declared_length
from twinserve.inference.contract import Problem

# How long the JSON is.
HEADER = b"inference-header-content-length"
SIZE = "binary_data_size"
_FORMATS = {
    "BOOL": "?", "FP64": "d", "FP32": "f", "FP16": "e",
    "INT8": "b", "INT16": "h", "INT32": "i", "INT64": "q",
    "UINT8": "B", "UINT16": "H", "UINT32": "I", "UINT64": "Q",
}  # fmt: skip
_LENGTH = struct.Struct("<I")


def json_part(body: bytes, length: bytes) -> tuple[bytes, bytes]:
    """The JSON of a body, and the tensors behind it.

    Raises:
        Problem: 400, the length is none of a part of the body.
    """
    end = declared_length(length)
    if end is None or end > len(body):
        raise Problem(400, "Inference-Header-Content-Length: expected the length of the JSON")
    return body[:end], body[end:]


def fill_in(inputs: object, content: bytes) -> None:
    """Give each tensor that names a size its data, as JSON would have it; NaN is a gap.

    Raises:
        Problem: 422, sizes and content do not fit.
    """
    at = 0
    for tensor in inputs if isinstance(inputs, list) else ():
        parameters = tensor.get("parameters") if isinstance(tensor, dict) else None
        size = parameters.get(SIZE) if isinstance(parameters, dict) else None
        if size is None:
            continue
        if type(size) is not float or not size.is_integer() or not 0 <= size <= len(content) - at:
            raise Problem(422, f"inputs: {SIZE}: expected bytes that are there, found {size!r:.30}")
        end = at + int(size)
        tensor["data"] = _values(tensor.get("datatype"), content[at:end])
        at = end
    if at != len(content):
        raise Problem(422, f"inputs: {len(content) - at} bytes are no tensor's")


def _values(datatype: object, content: bytes) -> list[Any]:
    if datatype == "BYTES":
        return _texts(content)
    code = _FORMATS.get(datatype) if isinstance(datatype, str) else None
    if code is None or len(content) % struct.calcsize(f"<{code}"):
        raise Problem(422, f"inputs: {len(content)} bytes are no tensor of {datatype!r:.30}")
    values = struct.unpack(f"<{len(content) // struct.calcsize(f'<{code}')}{code}", content)
    if code == "?":
        return list(values)
    return [None if value != value else float(value) for value in values]  # noqa: PLR0124 - NaN


def _texts(content: bytes) -> list[Any]:
    """Each behind its length."""
    texts, at = [], 0
    try:
        while at < len(content):
            (length,) = _LENGTH.unpack_from(content, at)
            at += _LENGTH.size + length
            if at > len(content):
                break
            texts.append(content[at - length : at].decode())
    except (struct.error, UnicodeDecodeError):
        at = -1
    if at != len(content):
        raise Problem(422, "inputs: a tensor of BYTES is not lengths and UTF-8")
    return texts
