"""`twinserve renew python`, interrupted, leaves the tree as it was."""

import signal
from functools import partial
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.interruption import cases, copy_of, has_begun, interrupt, mend
from tests.renewal.package_index import PackageIndex
from tests.renewal.tools.fake_sources import Sources
from tests.renewal.tools.test_python import BRANCH, NEW_VERSION, make_project, renew, started

LOOK_UP = "look up"
IMAGE = f"/v2/library/python/manifests/{NEW_VERSION}-slim-bookworm"


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory, shared_index: PackageIndex) -> Repository:
    """A project of the Python that is built upon now."""
    return make_project(tmp_path_factory.mktemp("older") / "project", shared_index)


@pytest.mark.parametrize(("phase", "number"), cases(LOOK_UP, "environment", "test-model"))
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path,
    shared_index: PackageIndex,
    sources: Sources,
    older: Repository,
    phase: str,
    number: signal.Signals,
) -> None:
    """While an image is looked up, an environment is made, a suite runs: the next goes through."""
    project = copy_of(older, tmp_path / "project", phase)
    sources.stalled = IMAGE if phase == LOOK_UP else ""
    begun = sources.asked.is_set if phase == LOOK_UP else lambda: has_begun(project)
    kind = f"python {NEW_VERSION}"
    interrupt(project, shared_index, kind, number, begun, partial(started, sources))
    sources.stalled = ""
    mend(project)
    done = renew(project, shared_index, sources, NEW_VERSION)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "made.json" in project.git("diff", "--name-only", f"main..{BRANCH}")
