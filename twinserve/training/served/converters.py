"""Converters that skl2onnx is told of: CatBoost's own export, behind any step that it converts."""

from typing import Any

from twinserve.training.estimator import UnfitError
from twinserve.training.frame import fitted_parts
from twinserve.training.served.trees.catboost import KINDS, own_columns

_PACKAGE = "catboost"


def register_catboost(estimator: Any) -> None:  # noqa: ANN401 - scikit-learn has no types
    """Tell skl2onnx of CatBoost's classes where the estimator is, or holds, a model of them.

    Raises:
        UnfitError: CatBoost cannot export it.
    """
    fitted = [part for part in fitted_parts(estimator) if _is_catboost(part)]
    for part in fitted:
        if reason := own_columns(part):
            raise UnfitError(
                f"CatBoost's own export to ONNX takes numbers only, and this model has {reason}"
            )
    if not fitted:
        return
    import catboost
    from skl2onnx import update_registered_converter

    for name in KINDS:
        update_registered_converter(
            getattr(catboost, name),
            f"CatBoost{name}",
            lambda _operator: None,
            _convert,
            overwrite=True,
            parser=_parse,
            options={"zipmap": [True, False, "columns"], "nocl": [True, False]},
        )


def _is_catboost(part: object) -> bool:
    kind = type(part)
    return kind.__module__.partition(".")[0] == _PACKAGE and kind.__name__ in KINDS


def _parse(scope: Any, model: Any, inputs: Any, **_: object) -> Any:  # noqa: ANN401 - skl2onnx has no types
    """The outputs: label and probabilities, or the number of a regression."""
    from skl2onnx.common.data_types import FloatTensorType, Int64TensorType

    operator = scope.declare_local_operator(f"CatBoost{type(model).__name__}", model)
    operator.inputs = inputs
    if hasattr(model, "predict_proba"):
        width = len(model.classes_)
        operator.outputs.append(scope.declare_local_variable("label", Int64TensorType([None])))
        kind = FloatTensorType([None, width])
        operator.outputs.append(scope.declare_local_variable("probabilities", kind))
    else:
        kind = FloatTensorType([None, 1])
        operator.outputs.append(scope.declare_local_variable("variable", kind))
    return operator.outputs


def _convert(scope: Any, operator: Any, container: Any) -> None:  # noqa: ANN401 - likewise
    """The one node of CatBoost's export, its inputs and outputs under skl2onnx's names.

    The other node of a classifier makes a dictionary of each row's probabilities.
    """
    from catboost.utils import convert_to_onnx_object
    from onnx.helper import get_attribute_value

    model = convert_to_onnx_object(operator.raw_operator)
    (node,) = (one for one in model.graph.node if one.op_type.startswith("TreeEnsemble"))
    (features,) = operator.inputs
    container.add_node(
        node.op_type,
        [features.full_name],
        [output.full_name for output in operator.outputs],
        op_domain=node.domain,
        name=scope.get_unique_operator_name(node.op_type),
        **{one.name: get_attribute_value(one) for one in node.attribute},
    )
