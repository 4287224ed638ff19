"""``preprocessing: auto``: a ColumnTransformer by the columns' types and by what an estimator takes.

It is spelt as params.yaml would spell it, and built from that, so that what is printed gives the
same model.
"""

import io
from collections.abc import Sequence
from typing import Any, cast

from ruamel.yaml import YAML
from sklearn.base import BaseEstimator
from sklearn.utils import get_tags

from twinserve.config.errors import UserError
from twinserve.config.training import Estimator, Feature
from twinserve.training.estimator import Classifier, build_steps, describe
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


def preprocessed(built: Classifier, choice: Estimator, features: Sequence[Feature]) -> Classifier:
    """The estimator behind the preprocessing that it needs, or itself.

    Raises:
        UserError: a column's type has no preprocessing here.
    """
    plain = all(one.type == "number" and not one.missing for one in features)
    if choice.preprocessing == "none" or plain or names_columns(built):
        return built
    transformers = _transformers(built, features)
    if not transformers:
        return built
    found = build_steps(_column_transformer(transformers))
    from sklearn.pipeline import Pipeline

    return cast("Classifier", Pipeline([(_PREPROCESSING, found), ("model", built)]))


def as_yaml(model: Classifier, choice: Estimator) -> str:
    """The estimator section that gives the same, as params.yaml would have it."""
    steps: Any = model
    transformer = describe(steps.named_steps[_PREPROCESSING])
    kept = ("transformers",)
    arguments = {name: transformer["arguments"][name] for name in kept}
    spelt = {"import_path": transformer["import_path"], "arguments": _given(arguments)}
    inner = {"import_path": choice.import_path, "arguments": choice.arguments}
    whole = {
        "estimator": {
            "import_path": _PIPELINE,
            "arguments": {"steps": [[_PREPROCESSING, spelt], ["model", inner]]},
        }
    }
    text = io.StringIO()
    yaml = YAML(typ="rt", pure=True)
    yaml.default_flow_style = None
    yaml.width = 1000
    yaml.dump(whole, text)
    return text.getvalue()


def _given(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Without the arguments that a step has anyway."""
    if isinstance(value, list):
        return [_given(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "import_path" in value:
        from twinserve.training.estimator import load_class

        usual = describe(load_class(value["import_path"])())["arguments"]
        arguments = {
            name: _given(item)
            for name, item in value["arguments"].items()
            if name == "steps" or item != usual.get(name)
        }
        return {"import_path": value["import_path"], "arguments": arguments}
    return {name: _given(item) for name, item in value.items()}


def _transformers(built: Classifier, features: Sequence[Feature]) -> list[list[Any]]:
    """Name, step and columns of each group of columns, in their order; [] if none needs any."""
    last = _last(built)
    kind = type(last).__name__
    tree, nan = kind in _TREES, bool(get_tags(cast("BaseEstimator", last)).input_tags.allow_nan)
    few = all(len(one.values) <= _MOST_NATIVE and one.type != "text" for one in features)
    if kind in _NATIVE and few:
        return []
    groups: dict[str, tuple[Any, list[str]]] = {}
    for one in features:
        name, step = _step(one, tree=tree, nan=nan)
        groups.setdefault(name, (step, []))[1].append(one.name)
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


def _column_transformer(transformers: list[list[Any]]) -> Step:
    return {
        "import_path": "sklearn.compose.ColumnTransformer",
        "arguments": {"transformers": transformers},
    }


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
