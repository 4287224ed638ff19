"""Reproduced trees, made once for all tests of the pipeline."""

from pathlib import Path

import pytest

from tests.pipeline.trees import export, repro


@pytest.fixture(scope="session")
def trees(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two exported trees, each reproduced from nothing under another hash seed."""
    made = []
    for seed in ("1", "2"):
        tree = export(tmp_path_factory.mktemp("tree"))
        done = repro(tree, {"PYTHONHASHSEED": seed})
        assert done.returncode == 0, done.stdout + done.stderr
        made.append(tree)
    return made
