"""The same inputs give the same bytes, wherever and whenever the pipeline runs."""

from pathlib import Path

import pytest

from tests.pipeline.models.trees import digests


@pytest.mark.nightly
def test_two_runs_from_nothing_give_the_same_bytes(trees: list[Path]) -> None:
    """Model, object, card, metrics, pictures and bundles are identical in two folders."""
    first, two = map(digests, trees)
    for name in ("models/model.pkl", "models/served/model.so", "models/model.json"):
        assert name in first
    assert first == two
