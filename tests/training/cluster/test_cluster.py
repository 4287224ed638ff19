"""``training.engine: dask``: what is refused without a cluster, and all that one does at night."""

import sys
from pathlib import Path

import pytest

from tests.training.libraries import pass_with
from tests.training.project import Project
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.environment.install import libraries


def test_scheduler_without_its_engine_is_refused(project: Project) -> None:
    """An address that nothing would use is a mistake."""
    project.change({"training": {"scheduler": "tcp://127.0.0.1:8786"}})
    with pytest.raises(UserError, match=r"training: .*scheduler: is of engine: dask") as refused:
        _ = project.params
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_without_its_packages_a_stage_says_how_to_have_them(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """One line, and the earlier model stays."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    evaluated.change({"training": {"engine": "dask"}})
    before = evaluated.files()
    line = evaluated.refused(stage)
    assert "training.engine: found dask, whose packages (locks/dask.txt) are not installed" in line
    assert "run `make .venv/ready`" in line
    assert evaluated.files() == before


def test_its_packages_are_in_no_environment_that_does_not_ask(project: Project) -> None:
    """`make .venv/ready` takes them where the engine is named; no bundle and no other lock does."""
    assert libraries(project.root / "params.yaml") == []
    project.change({"training": {"engine": "dask"}})
    assert libraries(project.root / "params.yaml") == ["dask"]
    held = [path.name for path in (ROOT / "locks").glob("*.txt") if _has_dask(path)]
    assert held == ["dask.txt"]


def _has_dask(lock: Path) -> bool:
    return "\ndistributed==" in lock.read_text()


@pytest.mark.nightly
def test_with_a_cluster(tmp_path: Path) -> None:
    """Installed from their lock beside the project's own, all cases of ``fits.py`` pass."""
    pass_with(("dask",), Path(__file__).with_name("fits.py"), tmp_path)
