"""The same inputs give the same bytes, wherever and whenever the pipeline runs."""

from pathlib import Path

import pytest

from tests.pipeline.models.trees import digests, export, repro


@pytest.mark.nightly
def test_two_runs_from_nothing_give_the_same_bytes(reproduced: Path, tmp_path: Path) -> None:
    """Model, object, card, metrics, pictures, bundles: in two folders, under two hash seeds."""
    again = export(tmp_path / "again")
    repro(again, {"PYTHONHASHSEED": "2"})
    first, second = map(digests, (reproduced, again))
    for name in ("models/model.pkl", "models/served/model.so", "models/model.json"):
        assert name in first
    assert first == second
