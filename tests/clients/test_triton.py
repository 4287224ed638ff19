"""NVIDIA's client of the Open Inference Protocol, against both targets."""

from pathlib import Path

import pytest

from tests.clients.conftest import Run

ASKED = """\
import sys

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

ROWS = np.array([[5.1, 3.5, 1.4, 0.2], [6.3, 2.5, 5.0, 1.9]])
NAMES = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


def tensor(name, values, datatype="FP64", binary=False):
    made = InferInput(name, values.shape, datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


for url in sys.argv[1:]:
    client = InferenceServerClient(url.removeprefix("http://"))
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("iris")
    assert client.is_model_ready("iris", "v1.0") and not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "twinserve"
    told = client.get_model_metadata("iris")
    (described,) = told["inputs"]
    for version in ("", "v1.0"):
        result = client.infer("iris", [tensor(described["name"], ROWS)], version, request_id="7")
        assert result.get_response()["id"] == "7"
        assert result.as_numpy("predict").tolist() == [0, 2]
        assert result.as_numpy("predict").dtype == np.int64
        assert result.as_numpy("probabilities").shape == (2, 3)
        assert result.as_numpy("label").tolist() in (
            ["setosa", "virginica"], [b"setosa", b"virginica"]
        )
    columns = [tensor(name, ROWS[:, at]) for at, name in enumerate(NAMES)]
    wanted = [InferRequestedOutput("predict", binary_data=False)]
    result = client.infer("iris", columns, outputs=wanted)
    assert [one["name"] for one in result.get_response()["outputs"]] == ["predict"]
    for binary in (False, True):
        single = tensor("x", ROWS.astype(np.float32), "FP32", binary)
        assert client.infer("iris", [single]).as_numpy("predict").tolist() == [0, 2]
        columns = [tensor(name, ROWS[:, at], "FP64", binary) for at, name in enumerate(NAMES)]
        assert client.infer("iris", columns).as_numpy("label").shape == (2,)
    for refused, reason in (
        ([tensor("x", ROWS[:, :3])], "expected the shape [n, 4]"),
        ([tensor("x", np.array([[b"a"] * 4], dtype=object), "BYTES", True)], "found BYTES"),
    ):
        try:
            client.infer("iris", refused)
        except InferenceServerException as error:
            assert reason in error.message(), error
        else:
            raise AssertionError(reason)
    print("asked", url)
"""


@pytest.mark.nightly
def test_tritonclient_asks_both_targets(
    tmp_path: Path, urls: list[str], run: Run, clients_python: Path
) -> None:
    """Health, metadata, one tensor, a tensor a column, outputs by name; and what it is refused."""
    program = tmp_path / "asked.py"
    program.write_text(ASKED)
    printed = run(clients_python, program, *urls)
    assert printed.splitlines() == [f"asked {url}" for url in urls]
