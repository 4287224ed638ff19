"""What all tests of the pipeline stand on: a project, a repository, a release."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.google import Instances
from tests.pipeline.releases.project import Project, make_tree, opened
from tests.pipeline.story import Story, begin
from tests.pipeline.workflows.act import Workflows, lay_out
from tests.tools import require
from twinserve.targets.local import local_function, local_service


@pytest.fixture
def project(
    dist: Path,
    environments: None,  # noqa: ARG001
    instances: Instances,
    tmp_path: Path,
) -> Iterator[Project]:
    """A tree and a Google Cloud project in which nothing is deployed yet."""
    require("gcloud")
    with opened(make_tree(dist, tmp_path / "tree"), tmp_path, instances) as opened_project:
        yield opened_project


@pytest.fixture
def workflows(tmp_path: Path) -> Workflows:
    """A repository of the pipeline's files."""
    return lay_out(tmp_path)


@pytest.fixture(scope="session")
def environments(dist: Path) -> None:
    """Both targets' environments, made while packages can still be had: the fake is no registry."""
    local_service(dist / "service")
    local_function(dist / "function")


@pytest.fixture
def repository(project: Project, tmp_path: Path) -> Story:
    """A repository and a project in which nothing is deployed yet."""
    return begin(project, tmp_path)


@pytest.fixture
def served(project: Project) -> Iterator[Project]:
    """A release on both, whose revisions nothing may touch."""
    project.release("v1.0")
    services = project.google.state.services
    before = {name: (service.generation, service.serving()) for name, service in services.items()}
    yield project
    assert {
        name: (service.generation, service.serving()) for name, service in services.items()
    } == before
