"""An import path names a class of an estimator; nothing else is imported, and nothing is called."""

import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.pipeline import Pipeline

from tests.training.project import Project
from twinserve.config.errors import UserError
from twinserve.config.training import Estimator
from twinserve.training.estimator import build_classifier

CLASSES = ["setosa", "versicolor", "virginica"]
LOGISTIC = "sklearn.linear_model.LogisticRegression"
PIPELINE = "sklearn.pipeline.Pipeline"


def build(path: str, **arguments: object) -> Any:  # noqa: ANN401 - scikit-learn ships no types
    return build_classifier(Estimator(import_path=path, arguments=dict(arguments)), 7, CLASSES)


@pytest.mark.parametrize(
    "hostile",
    [
        {"import_path": "subprocess.Popen", "arguments": {"args": ["touch", "executed"]}},
        {"import_path": "os.system", "arguments": {"command": "touch executed"}},
        {"import_path": "leaves_a_file.Classifier"},
        {"import_path": "sklearn.utils.fixes.np.ndarray"},
        {"import_path": "sklearn.datasets._base.Path", "arguments": {}},
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_what_is_no_estimator_is_refused_before_it_runs(
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    hostile: dict[str, object],
    nested: bool,  # noqa: FBT001 - a parameter
) -> None:
    """At the top and as an argument: no process, and no import of a module of somebody else's."""
    (project.root / "leaves_a_file.py").write_text("open('executed', 'w')\nclass Classifier: ...\n")
    monkeypatch.syspath_prepend(project.root)
    project.run("prepare")
    estimator = hostile
    if nested:
        steps = [["hostile", hostile], ["model", {"import_path": LOGISTIC}]]
        estimator = {"import_path": PIPELINE, "arguments": {"steps": steps}}
    project.change({"estimator": estimator})
    line = project.refused("train")
    assert line.startswith(f"params.yaml: estimator: {hostile['import_path']} ")
    assert not (project.root / "executed").exists()
    assert "leaves_a_file" not in sys.modules


def test_splitter_may_be_an_argument() -> None:
    """scikit-learn's own classes that are no estimators are arguments of estimators."""
    cv = {
        "import_path": "sklearn.model_selection.StratifiedKFold",
        "arguments": {"n_splits": 3},
    }
    classifier = build("sklearn.linear_model.LogisticRegressionCV", cv=cv)
    assert classifier.cv.n_splits == 3


def test_class_weight_calls_classes_by_name_or_number(project: Project) -> None:
    """Names become the numbers that the estimator knows, in a Pipeline too."""
    by_name = {"setosa": 1, "versicolor": 2, "virginica": 3}
    assert build(LOGISTIC, class_weight=by_name).class_weight == {0: 1, 1: 2, 2: 3}
    assert build(LOGISTIC, class_weight={0: 1, "virginica": 3}).class_weight == {0: 1, 2: 3}
    assert build(LOGISTIC, class_weight="balanced").class_weight == "balanced"
    step = {"import_path": LOGISTIC, "arguments": {"class_weight": by_name}}
    pipeline = build(PIPELINE, steps=[["model", step]])
    assert isinstance(pipeline, Pipeline)
    assert pipeline.steps[0][1].class_weight == {0: 1, 1: 2, 2: 3}
    project.estimator(LOGISTIC, class_weight=by_name)
    project.run("prepare", "train")


@pytest.mark.parametrize("key", ["Setosa", 3, -1, True, 1.0, None])
def test_class_weight_of_no_class_is_told(key: object) -> None:
    """The line has the names and the numbers that there are."""
    with pytest.raises(UserError, match=r"class_weight: found .*setosa, .* its number, 0 to 2"):
        build(LOGISTIC, class_weight={key: 2})
    with pytest.raises(UserError, match="expected each class once"):
        build(LOGISTIC, class_weight={0: 1, "setosa": 2})


def test_arguments_that_are_no_names_are_told() -> None:
    """A list where arguments belong."""
    steps = [["model", {"import_path": LOGISTIC, "arguments": [1]}]]
    with pytest.raises(UserError, match=r"LogisticRegression: found arguments \[1\], expected"):
        build(PIPELINE, steps=steps)


def test_bomb_of_aliases_in_arguments_ends_in_a_line(project: Project, tmp_path: Path) -> None:
    """It stands for ten thousand million values, and is refused at once."""
    assert tmp_path
    aliases = "".join(
        f"  {name}: &{name} [{', '.join(f'*{before}' for _ in range(10))}]\n"
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    path = project.root / "params.yaml"
    head, _, tail = path.read_text().partition("  arguments:\n    n_estimators: 100\n")
    arguments = "  arguments:\n" + "".join(
        f"  {line}\n" for line in f"  a: &a [1]\n{aliases}".splitlines()
    )
    path.write_text(head + arguments + tail)
    assert "params.yaml: holds more than 100,000 values" in project.refused("train")
