"""``preprocessing: auto``: a ColumnTransformer by the columns' types and the estimator's needs.

It is spelt as params.yaml would spell it, and built from that, so that what is printed gives the
same model.
"""

import io
from collections.abc import Sequence
from typing import Any, cast

from ruamel.yaml import YAML
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from twinserve.config.errors import UserError
from twinserve.config.training import Estimator, Feature
from twinserve.training.estimator import Classifier, build_steps
from twinserve.training.frame import names_columns

_PIPELINE = "sklearn.pipeline.Pipeline"
_PREPROCESSING = "preprocessing"
# Take pandas' categories and gaps as they come, up to so many categories a column.
_NATIVE = frozenset(
    {
        "HistGradientBoostingClassifier", "HistGradientBoostingRegressor",
        "LGBMClassifier", "LGBMRegressor",
    }
)  # fmt: skip
_MOST_NATIVE = 255
# Split a column by thresholds: its scale does not matter, and an order of categories will do.
_TREES = frozenset(
    {
        "DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier",
        "ExtraTreeRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor",
        "GradientBoostingClassifier", "GradientBoostingRegressor", "RandomForestClassifier",
        "RandomForestRegressor", "AdaBoostClassifier", "AdaBoostRegressor", "BaggingClassifier",
        "BaggingRegressor", "XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor",
        *_NATIVE,
    }
)  # fmt: skip
Step = dict[str, Any]


def preprocessing_for(
    built: Classifier, choice: Estimator, features: Sequence[Feature]
) -> Step | None:
    """The preprocessing before the estimator, spelt as in params.yaml; None if nothing is.

    Raises:
        UserError: a column's type has no preprocessing here.
    """
    plain = all(feature.type == "number" and not feature.missing for feature in features)
    if choice.preprocessing == "none" or plain or names_columns(built):
        return None
    transformers = _transformers(built, features)
    if not transformers:
        return None
    arguments: dict[str, Any] = {"transformers": transformers}
    if any(feature.type == "text" for feature in features):
        # Words make a sparse matrix, which not every estimator reads.
        arguments["sparse_threshold"] = 0
    return {"import_path": "sklearn.compose.ColumnTransformer", "arguments": arguments}


def preprocessed(built: Classifier, step: Step) -> Classifier:
    """The estimator behind a step."""
    return cast("Classifier", Pipeline([(_PREPROCESSING, build_steps(step)), ("model", built)]))


def as_yaml(choice: Estimator, step: Step) -> str:
    """The estimator section that gives the same, as params.yaml would have it."""
    inner = {"import_path": choice.import_path, "arguments": choice.arguments}
    steps = [[_PREPROCESSING, step], ["model", inner]]
    text = io.StringIO()
    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = None
    yaml.width = 1000
    yaml.dump({"estimator": {"import_path": _PIPELINE, "arguments": {"steps": steps}}}, text)
    return text.getvalue()


def _transformers(built: Classifier, features: Sequence[Feature]) -> list[list[Any]]:
    """Name, step and columns of each group of columns, in their order; [] if none needs any."""
    last = _last(built)
    kind = type(last).__name__
    tree, nan = kind in _TREES, bool(get_tags(cast("Any", last)).input_tags.allow_nan)
    few = all(
        len(feature.values) <= _MOST_NATIVE and feature.type != "text" for feature in features
    )
    if kind in _NATIVE and few:
        return []
    groups: dict[str, tuple[Any, list[str]]] = {}
    for feature in features:
        name, step = _step(feature, tree=tree, nan=nan)
        groups.setdefault(name, (step, []))[1].append(feature.name)
    return [
        [name, step, columns[0] if step_reads_text(step) else columns]
        for name, (step, columns) in groups.items()
    ]


def step_reads_text(step: object) -> bool:
    """Whether a step takes a single column of texts, not a table."""
    return isinstance(step, dict) and "Tfidf" in str(step["import_path"])


def _step(feature: Feature, *, tree: bool, nan: bool) -> tuple[str, Any]:
    """The group that a column is in, and what is done to it."""
    match feature.type:
        case "text":
            if feature.missing:
                raise UserError(
                    f"params.yaml: data.features: {feature.name} is text with gaps, for which "
                    "estimator.preprocessing: auto has no step; leave the column out, or name a "
                    "ColumnTransformer"
                )
            path = "sklearn.feature_extraction.text.TfidfVectorizer"
            return f"text_{feature.name}", {"import_path": path}
        case "category":
            return ("codes", _ordinal(nan=nan)) if tree else ("one_hot", _one_hot())
        case "boolean":
            filled = feature.missing and not nan
            filler = _imputer("most_frequent")
            return ("filled_flags", filler) if filled else ("flags", "passthrough")
    return _number(feature, tree=tree, nan=nan)


def _number(feature: Feature, *, tree: bool, nan: bool) -> tuple[str, Any]:
    imputer, scaler = _imputer("median"), {"import_path": "sklearn.preprocessing.StandardScaler"}
    filled = feature.missing and not nan
    if tree:
        return ("filled_numbers", imputer) if filled else ("numbers", "passthrough")
    if not filled:
        return "scaled_numbers", scaler
    steps = {"steps": [["fill", imputer], ["scale", scaler]]}
    return "filled_and_scaled_numbers", {"import_path": _PIPELINE, "arguments": steps}


def _imputer(strategy: str) -> Step:
    return {"import_path": "sklearn.impute.SimpleImputer", "arguments": {"strategy": strategy}}


def _one_hot() -> Step:
    return {
        "import_path": "sklearn.preprocessing.OneHotEncoder",
        "arguments": {"handle_unknown": "ignore", "sparse_output": False},
    }


def _ordinal(*, nan: bool) -> Step:
    arguments = {"handle_unknown": "use_encoded_value", "unknown_value": -1}
    if not nan:
        arguments["encoded_missing_value"] = -2
    return {"import_path": "sklearn.preprocessing.OrdinalEncoder", "arguments": arguments}


def _last(model: object) -> object:
    """What reads the columns last: behind the steps of a Pipeline, inside a search."""
    while True:
        if steps := getattr(model, "steps", None):
            model = steps[-1][1]
        elif (inner := getattr(model, "estimator", None)) is not None and not isinstance(
            inner, str
        ):
            model = inner
        else:
            return model
