"""From a fitted scikit-learn classifier to ONNX, the same bytes each time."""

import warnings

from twinserve.training.estimator import Classifier, UnfitError, first_line

# Fixed, so that a newer skl2onnx writes the same operators.
_OPSETS = {"": 18, "ai.onnx.ml": 3}
_SHOWN = 120


def to_onnx(classifier: Classifier, width: int, name: str) -> bytes:
    """An ONNX model: ``width`` float32 features in, class number and probabilities out.

    Raises:
        UnfitError: skl2onnx does not convert this estimator.
    """
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import FloatTensorType

    # The classifier itself, when it is the last step of a Pipeline.
    last: object = classifier
    while steps := getattr(last, "steps", None):
        last = steps[-1][1]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = convert_sklearn(
                classifier,
                name,
                [("features", FloatTensorType([None, width]))],
                # A dictionary for each row, which zipmap makes, is slow to build and to read.
                options={id(last): {"zipmap": False}},
                target_opset=_OPSETS,
            )
    except Exception as error:  # noqa: BLE001 - a converter may raise anything
        reason = first_line(error)
        raise UnfitError(
            f"skl2onnx cannot convert {type(last).__name__} ({reason[:_SHOWN].rstrip()}…)"
        ) from None
    # The card names the versions; here they would change the bytes.
    model.producer_version = ""
    model.domain = ""
    serialized: bytes = model.SerializeToString(deterministic=True)
    return serialized
