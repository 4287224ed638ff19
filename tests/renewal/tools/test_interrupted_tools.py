"""`twinserve renew tools`, interrupted in any of its phases, leaves the tree as it was."""

import signal
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.interruption import PHASES, cases, copy_of, has_begun, interrupt, mend
from tests.renewal.package_index import PackageIndex
from tests.renewal.small_project import SOURCES, call, make_small_project
from tests.renewal.tools.fake_sources import Sources
from tests.tree import ROOT
from twinserve.renewal.tools.renewing import FILES, PRICES, SUPPORT

LOOK_UP = "look up"


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory, shared_index: PackageIndex) -> Repository:
    """A project with every file in which a tool stands."""
    project = make_small_project(tmp_path_factory.mktemp("equipped") / "project", shared_index)
    for path in (*FILES, SUPPORT, PRICES):
        project.write(str(path), (ROOT / path).read_text())
    project.commit("Its tools")
    return project


@pytest.mark.parametrize(("phase", "number"), cases(LOOK_UP, *PHASES))
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path,
    shared_index: PackageIndex,
    sources: Sources,
    equipped: Repository,
    monkeypatch: pytest.MonkeyPatch,
    phase: str,
    number: signal.Signals,
) -> None:
    """What a kill has left is cleared by the next run, which goes through."""
    project = copy_of(equipped, tmp_path / "project", phase)
    monkeypatch.setenv(SOURCES, sources.url)
    sources.stalled = "/gcloud" if phase == LOOK_UP else ""
    begun = sources.asked.is_set if phase == LOOK_UP else lambda: has_begun(project)
    interrupt(project, shared_index, "tools", number, begun)
    sources.stalled = ""
    mend(project)
    done = call(project.directory, shared_index, "renew", "tools", "--engine")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "600.0.0" in project.git("show", "renew/tools:cloudbuild.yaml")
