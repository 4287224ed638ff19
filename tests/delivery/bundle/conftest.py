"""What bundles are made of."""

import shutil
from pathlib import Path

import pytest

SOURCES = ("evaluation", "function", "locks", "models", "service", "twinserve")


@pytest.fixture
def tree(tmp_path: Path, dist: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of what bundles are made of, as the current folder."""
    for name in SOURCES:
        shutil.copytree(dist.parent / name, tmp_path / name)
    shutil.copy(dist.parent / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path
