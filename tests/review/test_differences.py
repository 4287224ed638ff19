"""Which metrics and parameters of two trees differ."""

import json
from pathlib import Path

import pytest

from twinserve.review.differences import metric_changes, param_changes


@pytest.fixture
def trees(tmp_path: Path) -> tuple[Path, Path]:
    """Two trees that agree in all but what the tests look for."""
    metrics = ({"accuracy": 0.9, "classes": {"a": {"f1": 1.0}}}, {"accuracy": 0.95, "classes": {}})
    params = (
        "estimator: {import_path: a.B, arguments: {depth: 3}}\ngolden: [{features: [1, 2]}]\n",
        "estimator: {import_path: a.C}\ngolden: [{features: [1, 3]}]\nlong: " + "y" * 300,
    )
    trees = tmp_path / "base", tmp_path / "head"
    for tree, metric, param in zip(trees, metrics, params, strict=True):
        (tree / "evaluation").mkdir(parents=True)
        (tree / "evaluation" / "metrics.json").write_text(json.dumps(metric))
        (tree / "params.yaml").write_text(param)
    return trees


def test_metrics_that_differ_are_named_by_their_path(trees: tuple[Path, Path]) -> None:
    """Changed, gone; what is alike is left out."""
    changes = {change.name: (change.base, change.head) for change in metric_changes(*trees)}
    assert changes == {
        "accuracy": ("0.9", "0.95"),
        "classes.a.f1": ("1.0", None),
        "classes": (None, "{}"),
    }


def test_parameters_that_differ_are_named_by_their_path(trees: tuple[Path, Path]) -> None:
    """Texts, numbers in lists, new keys; a long text is cut."""
    changes = {change.name: (change.base, change.head) for change in param_changes(*trees)}
    assert changes == {
        "estimator.import_path": ("a.B", "a.C"),
        "estimator.arguments.depth": ("3", None),
        "golden[0].features[1]": ("2", "3"),
        "long": (None, "y" * 199 + "…"),
    }


def test_tree_without_metrics_has_none(trees: tuple[Path, Path]) -> None:
    """A base from before the first reproduction is compared all the same."""
    base, head = trees
    (base / "evaluation" / "metrics.json").unlink()
    assert {change.base for change in metric_changes(base, head)} == {None}


def test_unusual_names_are_made_to_fit(tmp_path: Path) -> None:
    """A class may be called anything; the report's names may not."""
    for side, value in (("base", 1), ("head", 2)):
        (tmp_path / side / "evaluation").mkdir(parents=True)
        metrics = {"classes": {"crème <b>|": value}}
        (tmp_path / side / "evaluation" / "metrics.json").write_text(json.dumps(metrics))
    (change,) = metric_changes(tmp_path / "base", tmp_path / "head")
    assert change.name == "classes.cr_me _b__"
