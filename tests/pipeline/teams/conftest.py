"""The first clone of a team, made once; each test has a whole copy of it, remote and all."""

import shutil
from pathlib import Path

import pytest

from tests.pipeline.teams.clones import Clone, team
from tests.pipeline.teams.long_fit import slowed


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    return team(tmp_path_factory.mktemp("team"))


@pytest.fixture
def first(_made: Clone, tmp_path: Path) -> Clone:
    """A copy that a test may spoil, with a remote of its own."""
    shutil.copytree(_made.directory.parent, tmp_path / "team", symlinks=True)
    copy = Clone(tmp_path / "team" / "one")
    copy.run("dvc", "remote", "modify", "store", "url", str(tmp_path / "team" / "remote"))
    copy.commit("Its own remote")
    return copy


@pytest.fixture
def slow(first: Clone) -> Clone:
    """A clone whose model takes as long to fit as a test says; the night alone fits it."""
    return slowed(first)
