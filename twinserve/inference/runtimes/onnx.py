"""ONNX Runtime, one thread: what skl2onnx made of the estimator."""

import json
import os

# Its official builds open a database, start threads and send telemetry to Microsoft, unless told
# before they are imported; that also cost 30 ms of a cold start.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

# isort: split

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import numpy as np
import onnxruntime as ort

from twinserve.config.card import Card, Feature
from twinserve.config.errors import UserError
from twinserve.inference.runtimes.frame import stranger

# Among the model's own notes: the places of columns whose texts it wants in lower case. Its own
# operator would ask the system for a locale, and lowers other letters than Python does.
LOWERED = "lowered"


class OnnxModel:
    """A session and its buffers, bound once: a call copies one row in and reads one number out.

    Binding spares the making of two OrtValues and the look-up of names at each call, about a sixth
    of the time of a served prediction. The buffers are shared, hence the lock.
    """

    def __init__(self, session: ort.InferenceSession, width: int) -> None:
        self._session = session
        self._lock = Lock()
        self._input = session.get_inputs()[0].name
        self._label, self._probabilities = (output.name for output in session.get_outputs())
        self._row = ort.OrtValue.ortvalue_from_numpy(np.zeros((1, width), np.float32))
        self._class = ort.OrtValue.ortvalue_from_numpy(np.zeros(1, np.int64))
        self._class_view = self._class.numpy()
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(self._input, self._row)
        self._binding.bind_ortvalue_output(self._label, self._class)

    def predict(self, features: Sequence[float]) -> int:
        """See ``twinserve.inference.model.Model``."""
        row = np.array((features,), dtype=np.float32)
        with self._lock:
            self._row.update_inplace(row)
            self._session.run_with_iobinding(self._binding)
            return int(self._class.numpy()[0])

    def predict_many(self, rows: Sequence[Sequence[float]]) -> list[int]:
        """See ``twinserve.inference.model.Model``."""
        feeds = {self._input: np.asarray(rows, dtype=np.float32)}
        labels: list[int] = self._session.run([self._label], feeds)[0].tolist()
        return labels

    def scores(self, rows: Sequence[Sequence[float]]) -> tuple[list[int], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        table = np.asarray(rows, dtype=np.float32)
        labels, probabilities = self._session.run(
            [self._label, self._probabilities], {self._input: table}
        )
        return labels.tolist(), probabilities.tolist()


class TypedOnnxModel:
    """A session that takes each column by name, in the tensor of its type, or gives a number."""

    def __init__(self, session: ort.InferenceSession, card: Card) -> None:
        self._session = session
        self._inputs = [tensor.name for tensor in session.get_inputs()]
        self._outputs = [output.name for output in session.get_outputs()]
        self._regression = card.task == "regression"
        noted = json.loads(session.get_modelmeta().custom_metadata_map.get(LOWERED, "[]"))
        self._readers = [
            _reader(feature, lowered=place in noted) for place, feature in enumerate(card.features)
        ]

    def predict(self, features: Sequence[Any]) -> Any:  # noqa: ANN401 - by the card's task
        """See ``twinserve.inference.model.Model``."""
        return self._run((features,), self._outputs[:1])[0].item()

    def predict_many(self, rows: Sequence[Sequence[Any]]) -> list[Any]:
        """See ``twinserve.inference.model.Model``."""
        predictions: list[Any] = self._run(rows, self._outputs[:1])[0].ravel().tolist()
        return predictions

    def scores(self, rows: Sequence[Sequence[Any]]) -> tuple[list[float], list[list[float]]]:
        """See ``twinserve.inference.model.Model``."""
        results = self._run(rows, self._outputs)
        predictions = results[0].ravel()
        if self._regression:
            return predictions.tolist(), predictions[:, None].tolist()
        return predictions.tolist(), results[1].tolist()

    def _run(self, rows: Sequence[Sequence[Any]], outputs: list[str]) -> Any:  # noqa: ANN401 - arrays
        if len(self._inputs) != len(self._readers):
            feeds = {self._inputs[0]: np.asarray(rows, dtype=np.float32)}
        else:
            columns = zip(self._inputs, self._readers, zip(*rows, strict=True), strict=True)
            feeds = {name: read(cells) for name, read, cells in columns}
        return self._session.run(outputs, feeds)


def _reader(feature: Feature, *, lowered: bool) -> Callable[[Sequence[Any]], Any]:
    """From the encoded values of a column to its tensor, shape (rows, 1)."""
    if feature.type == "text":
        if lowered:
            return lambda cells: np.array([cell.lower() for cell in cells], dtype=object)[:, None]
        return lambda cells: np.array(cells, dtype=object)[:, None]
    if feature.type != "category":
        return lambda cells: np.array(cells, dtype=np.float32)[:, None]
    values = [*feature.values, stranger(feature.values)]
    kind = np.int64 if isinstance(values[0], int) else object
    # The code of an unknown category is -1, and so is the place of what is none of the values.
    return lambda cells: np.array([values[int(code)] for code in cells], dtype=kind)[:, None]


def load(artifact: bytes, card: Card) -> OnnxModel | TypedOnnxModel:
    """Open a session on the artifact.

    Raises:
        UserError: the bytes are not an ONNX model, or its shape is not the card's.
    """
    options = ort.SessionOptions()
    # One request is one row: a pool of threads costs start-up and memory and is never used.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = ort.InferenceSession(artifact, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - its own errors share no base class
        msg = f"{card.served}: ONNX Runtime cannot load it: {str(error).splitlines()[0]}"
        raise UserError(msg) from None
    inputs = session.get_inputs()
    width = len(inputs) if len(inputs) > 1 else inputs[0].shape[1]
    if width != len(card.features):
        msg = f"{card.served} takes {width} features, the model card names {len(card.features)}"
        raise UserError(msg)
    single = len(inputs) == 1 and card.plain and card.task == "classification"
    return OnnxModel(session, width) if single else TypedOnnxModel(session, card)
