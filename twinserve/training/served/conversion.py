"""From a fitted scikit-learn classifier to ONNX, the same bytes each time."""

import json
import warnings
from collections.abc import Sequence
from typing import Any

from sklearn.base import is_classifier

from twinserve.training.estimator import Classifier, UnfitError, first_line
from twinserve.training.frame import Column, reads_names
from twinserve.training.served.converters import (
    check_words,
    register_catboost,
    words_as_python_reads,
)

# Fixed, so that a newer skl2onnx writes the same operators.
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_SHOWN = 120
# A tensor's element type, in ONNX's numbers.
_INT64 = 7


def to_onnx(classifier: Classifier, width: int, name: str, columns: Sequence[Column] = ()) -> bytes:
    """An ONNX model: ``width`` float32 features in, class number and probabilities out.

    Of a regressor, its number.

    An estimator that reads ``columns`` by name has an input for each, of its own type.

    Raises:
        UnfitError: neither skl2onnx nor the estimator's own library converts it.
    """
    # The classifier itself, when it is the last step of a Pipeline.
    last: object = classifier
    while steps := getattr(last, "steps", None):
        last = steps[-1][1]
    inputs = _inputs(classifier, width, columns)
    register_catboost(classifier)
    # A dictionary for each row, which zipmap makes, is slow to build and to read.
    options = {id(last): {"zipmap": False}} if is_classifier(classifier) else {}
    with words_as_python_reads(classifier) as (of_words, lowered):
        for column in columns:
            if column.name in lowered and column.type != "text":
                raise UnfitError(f"{column.name}, a {column.type}, is read in lower case")
        model = _converted(classifier, last, name, inputs, options | of_words)
    check_words(model)
    _note_lowered(model, [column.name in lowered for column in columns])
    if is_classifier(classifier):
        _flatten_labels(model)
    # The card names the versions; here they would change the bytes.
    model.producer_version = ""
    model.domain = ""
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized


def _converted(
    classifier: Classifier,
    last: object,
    name: str,
    inputs: list[tuple[str, Any]],
    options: dict[int, Any],
) -> Any:  # noqa: ANN401 - onnx has no types
    """The model as skl2onnx makes it.

    Raises:
        UnfitError: it does not.
    """
    from skl2onnx import convert_sklearn

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return convert_sklearn(
                classifier, name, inputs, options=options or None, target_opset=_OPSETS
            )
    except Exception as error:  # noqa: BLE001 - a converter may raise anything
        reason = first_line(error)
        raise UnfitError(
            f"skl2onnx cannot convert {type(last).__name__} ({reason[:_SHOWN].rstrip()}…)"
        ) from None


def _note_lowered(model: Any, lowered: Sequence[bool]) -> None:  # noqa: ANN401 - likewise
    """Tell the runtime which inputs it is to give in lower case."""
    from twinserve.inference.runtimes.onnx import LOWERED

    if any(lowered):
        noted = model.metadata_props.add()
        noted.key = LOWERED
        noted.value = json.dumps([place for place, lower in enumerate(lowered) if lower])


def _flatten_labels(model: Any) -> None:  # noqa: ANN401 - onnx has no types
    """A label a row, where skl2onnx makes a table of them, as it does of a QDA."""
    from onnx.helper import make_node, make_tensor

    labels = model.graph.output[0]
    shape = labels.type.tensor_type.shape
    if len(shape.dim) == 1:
        return
    name, table, flat = labels.name, f"{labels.name}_table", f"{labels.name}_shape"
    for node in model.graph.node:
        for outputs in (node.output, node.input):
            outputs[:] = [table if output == name else output for output in outputs]
    model.graph.initializer.append(make_tensor(flat, _INT64, [1], [-1]))
    model.graph.node.append(make_node("Reshape", [table, flat], [name]))
    del shape.dim[:]
    shape.dim.add()


def _inputs(classifier: Classifier, width: int, columns: Sequence[Column]) -> list[tuple[str, Any]]:
    """Names and types of what the model takes.

    Raises:
        UnfitError: ONNX has no value for a gap of a column's type.
    """
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType

    if not reads_names(classifier):
        return [("features", FloatTensorType([None, width]))]
    inputs = []
    for column in columns:
        whole = any(isinstance(value, int) for value in column.values)
        kind = Int64TensorType if whole else StringTensorType
        if column.type in {"number", "boolean"}:
            kind = FloatTensorType
        elif column.missing:
            raise UnfitError(f"ONNX has no value for a gap of {column.name}, a {column.type}")
        inputs.append((column.name, kind([None, 1])))
    return inputs
