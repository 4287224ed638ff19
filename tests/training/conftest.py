"""Projects at each stage of the pipeline; what takes long is made once."""

from pathlib import Path

import pytest

from tests.training.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Iris, nothing run yet."""
    return Project.new(tmp_path / "project")


@pytest.fixture(scope="session")
def _evaluated_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project.new(tmp_path_factory.mktemp("evaluated") / "project")
    made.run("prepare", "train", "evaluate")
    return made


@pytest.fixture
def evaluated(_evaluated_once: Project, tmp_path: Path) -> Project:
    """Iris, ready to be exported."""
    return _evaluated_once.copy(tmp_path / "evaluated")
