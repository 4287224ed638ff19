"""An estimator from ``params.yaml``: what is built, what is refused, how it is described."""

import json
from typing import Any

import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler

from twinserve.config.errors import UserError
from twinserve.config.training import Estimator
from twinserve.training.estimator import build_classifier, describe

FOREST = "sklearn.ensemble.RandomForestClassifier"
LOGISTIC = "sklearn.linear_model.LogisticRegression"
PIPELINE = "sklearn.pipeline.Pipeline"
SCALED = {
    "steps": [
        ["scale", {"import_path": "sklearn.preprocessing.MinMaxScaler", "arguments": None}],
        ["model", {"import_path": FOREST, "arguments": {"n_jobs": 8}}],
    ]
}


def build(path: str, **arguments: object) -> Any:  # noqa: ANN401 - any estimator
    return build_classifier(Estimator(import_path=path, arguments=dict(arguments)), seed=7)


def test_arguments_reach_the_constructor() -> None:
    """What params.yaml says is what the estimator has."""
    forest = build(FOREST, n_estimators=3, max_features=None)
    assert isinstance(forest, RandomForestClassifier)
    assert (forest.n_estimators, forest.max_features) == (3, None)


@pytest.mark.parametrize(("given", "expected"), [(None, 7), (3, 3)])
def test_open_seed_is_set_and_jobs_are_one(given: int | None, expected: int) -> None:
    """A seed left open becomes split.seed, a given one stays; no number of cores gets through."""
    forest = build(FOREST, random_state=given, n_jobs=-1)
    assert (expected, None) == (forest.random_state, forest.n_jobs)


def test_steps_of_a_pipeline() -> None:
    """A Pipeline's steps are built as they are nested, and pinned as deep."""
    pipeline = build(PIPELINE, **SCALED)
    assert isinstance(pipeline, Pipeline)
    assert isinstance(pipeline.steps[0][1], MinMaxScaler)
    model = pipeline.named_steps["model"]
    assert (model.random_state, model.n_jobs) == (7, None)


def test_nested_at_any_depth() -> None:
    """An estimator in a list in an argument of an argument is built too."""
    inner = {"import_path": PIPELINE, "arguments": SCALED}
    voting = build(
        "sklearn.ensemble.VotingClassifier",
        estimators=[["one", inner], ["two", {"import_path": LOGISTIC}]],
        voting="soft",
    )
    assert voting.get_params()["one__model__random_state"] == 7
    assert isinstance(voting.get_params()["two"], LogisticRegression)


def test_what_is_no_estimator_may_be_an_argument() -> None:
    """A kernel is built from its import path like an estimator."""
    kernel = {
        "import_path": "sklearn.gaussian_process.kernels.RBF",
        "arguments": {"length_scale": 2},
    }
    process = build("sklearn.gaussian_process.GaussianProcessClassifier", kernel=kernel)
    assert isinstance(process, GaussianProcessClassifier)
    assert RBF(length_scale=2) == process.kernel


def test_list_becomes_a_tuple_where_the_default_is_one() -> None:
    """YAML has no tuples, and scikit-learn refuses some lists."""
    scaler = {
        "import_path": "sklearn.preprocessing.MinMaxScaler",
        "arguments": {"feature_range": [0, 2]},
    }
    pipeline = build(PIPELINE, steps=[["scale", scaler], ["model", {"import_path": LOGISTIC}]])
    assert pipeline.steps[0][1].feature_range == (0, 2)


def test_a_plain_mapping_stays_one() -> None:
    """Only a mapping with import_path is an estimator."""
    assert build(FOREST, class_weight={0: 1, 1: 2}).class_weight == {0: 1, 1: 2}


@pytest.mark.parametrize(
    ("path", "arguments", "expected"),
    [
        ("sklearn.none.X", {}, "sklearn.none.X cannot be imported: No module named 'sklearn.none'"),
        ("sklearn.svm.X", {}, "sklearn.svm.X cannot be imported: module 'sklearn.svm' has no"),
        ("sklearn.base.clone", {}, "sklearn.base.clone is not a class"),
        ("pathlib.Path", {}, "pathlib.Path is not a scikit-learn estimator"),
        (
            FOREST,
            {"trees": 3},
            (
                f"{FOREST} refuses its arguments: RandomForestClassifier.__init__() got an "
                "unexpected keyword argument 'trees'"
            ),
        ),
        (PIPELINE, {"steps": [["a"]]}, f"{PIPELINE} refuses its arguments: list index out of"),
        (PIPELINE, {"steps": 5}, f"{PIPELINE} is not a classifier; expected one, or a Pipeline"),
        (
            PIPELINE,
            {"steps": [["model", {"import_path": LOGISTIC, "args": {}}]]},
            f"found {{'import_path': '{LOGISTIC}', 'args': {{}}}}, expected import_path and",
        ),
        (
            PIPELINE,
            {"steps": [["model", {"import_path": 5}]]},
            "found {'import_path': 5}, expected",
        ),
        (
            PIPELINE,
            {"steps": [["model", {"import_path": "forest"}]]},
            "forest cannot be imported: Empty module name",
        ),
        (
            "sklearn.linear_model.LinearRegression",
            {},
            "sklearn.linear_model.LinearRegression is a regressor; data.task is classification: ",
        ),
        (
            PIPELINE,
            {"steps": [["model", {"import_path": "sklearn.svm.SVR"}]]},
            f"{PIPELINE} is a regressor; data.task is classification: expected a classifier",
        ),
        (
            "sklearn.preprocessing.StandardScaler",
            {},
            "sklearn.preprocessing.StandardScaler is not a classifier; expected one, or a Pipeline",
        ),
    ],
)
def test_refusals(path: str, arguments: dict[str, object], expected: str) -> None:
    """One line says what is wrong with the estimator."""
    with pytest.raises(UserError) as refusal:
        build(path, **arguments)
    assert str(refusal.value).startswith(f"params.yaml: estimator: {expected}")
    assert "\n" not in str(refusal.value)


def test_description_is_whole_and_json() -> None:
    """Every argument of every nested estimator, by public import path."""
    steps = [
        ["fill", SimpleImputer()],
        ("f", FunctionTransformer(sorted)),
        ("m", LogisticRegression()),
    ]
    description = json.loads(json.dumps(describe(Pipeline(steps)), allow_nan=False))
    assert description["import_path"] == PIPELINE
    (_, fill), (_, function), (_, model) = description["arguments"]["steps"]
    assert fill["import_path"] == "sklearn.impute.SimpleImputer"
    assert fill["arguments"]["missing_values"] == "nan"
    assert function["arguments"]["func"] == "builtins.sorted"
    assert sorted(LogisticRegression().get_params()) == list(model["arguments"])


def test_description_of_other_objects() -> None:
    """A kernel, a class, a mapping and numbers of NumPy are described by what they hold."""
    assert describe(RBF(2.0, (0.1, 10.0))) == {
        "import_path": "sklearn.gaussian_process.kernels.RBF",
        "arguments": {"length_scale": 2.0, "length_scale_bounds": [0.1, 10.0]},
    }
    assert describe(RBF) == "sklearn.gaussian_process.kernels.RBF"
    assert describe({1: RBF(2.0).theta[0]}) == {"1": RBF(2.0).theta[0].item()}
    assert describe(object()) == {"import_path": "builtins.object", "arguments": {}}
