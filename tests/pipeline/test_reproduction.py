"""The same inputs give the same bytes, wherever and whenever the pipeline runs."""

from pathlib import Path

from tests.pipeline.trees import ROOT, digests


def test_two_runs_from_nothing_give_the_same_bytes(trees: list[Path]) -> None:
    """Model, object, card, metrics, pictures and bundles are identical in two folders."""
    one, two = map(digests, trees)
    for name in ("models/model.pkl", "models/served/model.so", "models/model.json"):
        assert name in one
    assert one == two


def test_repro_leaves_the_committed_lock_as_it_is(trees: list[Path]) -> None:
    """`dvc.lock` says what this very code, these parameters and this table give."""
    for tree in trees:
        assert (tree / "dvc.lock").read_text() == (ROOT / "dvc.lock").read_text()


def test_committed_metrics_are_the_models(trees: list[Path]) -> None:
    """The metrics that a reviewer sees in git are those of a run from nothing."""
    for tree in trees:
        made = (tree / "evaluation" / "metrics.json").read_text()
        assert made == (ROOT / "evaluation" / "metrics.json").read_text()
