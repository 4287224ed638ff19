"""Conversion to ONNX: its form, and what cannot be converted."""

import joblib
import onnx
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from tests.training.project import Project
from twinserve.training.estimator import UnfitError
from twinserve.training.served.conversion import to_onnx


def test_form_of_the_model(evaluated: Project) -> None:
    """One free batch of rows in, labels and plain probabilities out, nothing of who made it."""
    forest = joblib.load(evaluated.root / "models/model.pkl")
    first, second = (to_onnx(forest, 4, "iris") for _ in range(2))
    assert first == second
    model = onnx.load_from_string(first)
    assert (model.producer_version, model.domain, model.graph.name) == ("", "", "iris")
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    assert opsets[""] == 18
    assert opsets["ai.onnx.ml"] <= 3
    (features,) = model.graph.input
    batch, width = features.type.tensor_type.shape.dim
    assert (batch.dim_value, width.dim_value) == (0, 4)
    assert features.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    labels, probabilities = (output.type.tensor_type.elem_type for output in model.graph.output)
    assert (labels, probabilities) == (onnx.TensorProto.INT64, onnx.TensorProto.FLOAT)


def test_what_cannot_be_converted_is_one_short_line(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """An error of thousands of lines becomes one."""
    rows = [[float(number)] for number in range(60)]
    boosting = HistGradientBoostingClassifier().fit(rows, [number // 30 for number in range(60)])
    with pytest.raises(UnfitError) as refusal:
        to_onnx(boosting, 1, "iris")
    line = str(refusal.value)
    assert line.startswith("skl2onnx cannot convert HistGradientBoostingClassifier (")
    assert line.endswith("…)")
    assert "\n" not in line
    assert len(line) < 300
    assert capfd.readouterr() == ("", "")
