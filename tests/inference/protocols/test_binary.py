"""Tensors in binary behind the JSON of an inference."""

import json
import math
import struct
from typing import Any

import pytest

from tests.callers import InProcessCaller
from tests.inference.protocols.asking import ToldModel, endpoint_of, problem, told
from tests.inference.protocols.test_many_rows import typed
from twinserve.config.card import Card
from twinserve.inference.endpoint import PredictionHandler
from twinserve.targets.opener import Reply

INFER = "/v2/models/iris/infer"
SHARES = [[1, 0, 0], [0, 0, 1]]
ROWS = [5.0, 3.5, 1.5, 0.25, 6.0, 2.5, 5.0, 2.0]


def send(
    endpoint: PredictionHandler, inputs: list[Any], *contents: bytes, length: str = ""
) -> Reply:
    """Ask with these bytes behind the JSON; the first tensors have one of them each."""
    for tensor, content in zip(inputs, contents, strict=False):
        tensor.setdefault("parameters", {"binary_data_size": len(content)})
    head = json.dumps({"inputs": inputs}).encode()
    headers = [
        ("Content-Type", "application/octet-stream"),
        ("Inference-Header-Content-Length", length or str(len(head))),
    ]
    return InProcessCaller(endpoint).call("POST", INFER, headers, head + b"".join(contents))


@pytest.mark.parametrize(("datatype", "code"), [("FP64", "d"), ("FP32", "f"), ("FP16", "e")])
def test_numbers_of_any_width_are_read(card: Card, datatype: str, code: str) -> None:
    """Little-endian, in row-major order."""
    model = ToldModel([0, 2], SHARES)
    tensor = {"name": "x", "shape": [2, 4], "datatype": datatype}
    told(send(endpoint_of(model, card), [tensor], struct.pack(f"<8{code}", *ROWS)))
    assert [*model.given[0], *model.given[1]] == ROWS


def test_columns_of_any_type_are_read(card: Card) -> None:
    """Texts behind their lengths, booleans, whole numbers, a NaN for a gap; JSON among them."""
    model = ToldModel([0, 2], SHARES)
    texts = b"".join(struct.pack("<I", len(name)) + name for name in (b"Dream", b"Biscoe"))
    inputs = [
        {"name": "island", "shape": [2], "datatype": "BYTES"},
        {"name": "tagged", "shape": [2], "datatype": "BOOL"},
        {"name": "mass", "shape": [2], "datatype": "FP64"},
        {"name": "note", "shape": [2], "datatype": "BYTES", "data": ["a", "b"]},
    ]
    mass = struct.pack("<2d", 3700.0, math.nan)
    told(send(endpoint_of(model, typed(card)), inputs, texts, b"\x01\x00", mass))
    assert model.given[0] == [1.0, 3700.0, 1.0, "a"]
    assert math.isnan(model.given[1][1])


@pytest.mark.parametrize(
    ("tensor", "contents", "length", "error"),
    [
        ({}, [b"\0" * 63], "", "inputs: 63 bytes are no tensor of 'FP64'"),
        ({"parameters": {"binary_data_size": 99}}, [b"\0" * 64], "", "inputs: binary_data_size"),
        ({"parameters": {"binary_data_size": -1}}, [b"\0" * 64], "", "inputs: binary_data_size"),
        ({}, [b"\0" * 64, b"more"], "", "inputs: 4 bytes are no tensor's"),
        ({}, [b"\0" * 64], "9999", "Inference-Header-Content-Length: expected"),
        ({}, [b"\0" * 64], "x", "Inference-Header-Content-Length: expected"),
        ({"datatype": "BYTES"}, [b"\xff\0\0\0"], "", "inputs: a tensor of BYTES is not lengths"),
        (
            {"datatype": "BYTES"},
            [b"\x01\0\0\0\xff"],
            "",
            "inputs: a tensor of BYTES is not lengths",
        ),
        ({"datatype": 7}, [b"\0" * 64], "", "inputs: 64 bytes are no tensor of 7.0"),
        ({}, [b"\0" * 32], "", "inputs: x: the shape has 8 values, data has 4"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(
    card: Card, tensor: dict[str, Any], contents: list[bytes], length: str, error: str
) -> None:
    """400, one line, whatever is behind the JSON."""
    inputs = [{"name": "x", "shape": [2, 4], "datatype": "FP64"} | tensor]
    reply = send(endpoint_of(ToldModel([]), card), inputs, *contents, length=length)
    assert problem(reply, 400)["error"].startswith(error)
