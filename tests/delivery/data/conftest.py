"""A project whose sources are in its remote."""

import pytest

from tests.delivery.data.projects import Project, project, push


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """For reading: a test that spoils something does so in a clone of it."""
    made = project(tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("remote"))
    push(made)
    return made
