"""What skl2onnx is told of: CatBoost's own export, and how texts become words."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer

from twinserve.training.estimator import UnfitError
from twinserve.training.frame import fitted_parts
from twinserve.training.served.trees.catboost import KINDS, own_columns

_PACKAGE = "catboost"
# Of scikit-learn's vectorizers, and the same for RE2, whose \\w knows no letter but ASCII's.
_WORDS, _UNICODE_WORDS = r"(?u)\b\w\w+\b", r"[\p{L}\p{N}_]{2,}"
_LOWERS = "StringNormalizer"


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
        **{attribute.name: get_attribute_value(attribute) for attribute in node.attribute},
    )


@contextmanager
def words_as_python_reads(estimator: Any) -> Iterator[tuple[dict[int, Any], set[str]]]:  # noqa: ANN401 - scikit-learn has no types
    """Options of the vectorizers, and the columns that come to them in lower case meanwhile.

    ONNX Runtime would lower letters by a locale that a machine need not have, and others than
    Python does: so the runtime has Python do it before.

    Raises:
        UnfitError: a column is read in lower case by one step, and as it comes by another.
    """
    readers: dict[str, list[Any]] = {}
    for part in fitted_parts(estimator):
        if isinstance(part, ColumnTransformer):
            _note_readers(part, readers)
    vectorizers = [step for steps in readers.values() for step in steps if _is_of_words(step)]
    lowering = [step for step in vectorizers if step.lowercase]
    lowered = {name for name, steps in readers.items() if any(map(_lowers, steps))}
    for name in sorted(lowered):
        if not all(map(_lowers, readers[name])):
            raise UnfitError(f"one step reads {name} in lower case, another as it comes")
    for step in lowering:
        step.lowercase = False
    try:
        yield {id(step): _options(step) for step in vectorizers}, lowered
    finally:
        for step in lowering:
            step.lowercase = True


def check_words(model: Any) -> None:  # noqa: ANN401 - onnx has no types
    """Raises UnfitError: ONNX Runtime is to lower letters all the same."""
    if any(node.op_type == _LOWERS for node in model.graph.node):
        raise UnfitError(
            "it has ONNX Runtime lower letters by a locale, en_US.UTF-8, which an image need not "
            "have: give the vectorizer a column by its name, in a ColumnTransformer"
        )


def _note_readers(transformer: ColumnTransformer, readers: dict[str, list[Any]]) -> None:
    """Add which steps read each column that is called by its name."""
    for _, step, columns in transformer.transformers_:
        for name in [columns] if isinstance(columns, str) else columns:
            for read in _first_steps(step):
                if isinstance(read, ColumnTransformer):
                    _note_readers(read, readers)
                elif isinstance(name, str) and step != "drop":
                    readers.setdefault(name, []).append(read)


def _first_steps(step: Any) -> Sequence[Any]:  # noqa: ANN401 - likewise
    """What reads first: of a Pipeline its first step, of a FeatureUnion each of its steps."""
    if steps := getattr(step, "steps", None):
        return _first_steps(steps[0][1])
    if union := getattr(step, "transformer_list", None):
        return [read for _, member in union for read in _first_steps(member)]
    return [step]


def _is_of_words(step: object) -> bool:
    return isinstance(step, CountVectorizer)


def _lowers(step: Any) -> bool:  # noqa: ANN401 - likewise
    return _is_of_words(step) and bool(step.lowercase)


def _options(step: Any) -> dict[str, Any]:  # noqa: ANN401 - likewise
    usual = step.analyzer == "word" and step.token_pattern == _WORDS
    return {"tokenexp": _UNICODE_WORDS} if usual else {}
