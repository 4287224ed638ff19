"""The same inputs give the same bytes, wherever and whenever the pipeline runs."""

from pathlib import Path

import pytest

from tests.pipeline.models.trees import digests, export, repro


@pytest.mark.nightly
def test_two_runs_from_nothing_give_the_same_bytes(tmp_path: Path) -> None:
    """Model, object, card, metrics, pictures, bundles: in two folders, under two hash seeds."""
    made = []
    for seed in ("1", "2"):
        tree = export(tmp_path / seed)
        repro(tree, {"PYTHONHASHSEED": seed})
        made.append(digests(tree))
    first, second = made
    for name in ("models/model.pkl", "models/served/model.so", "models/model.json"):
        assert name in first
    assert first == second
