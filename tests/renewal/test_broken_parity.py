"""A package that breaks the proof of parity, made here and served from a local index: held back."""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository, publish_engine
from tests.renewal.package_index import PackageIndex, serve_index
from tests.tree import ROOT
from twinserve.config.params import Renewal
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.delivery.data.cached import share_cache
from twinserve.renewal import fit
from twinserve.renewal.packages import Wanted, bring_in
from twinserve.targets.git import Checkout

pytestmark = pytest.mark.nightly
NEWEST = "99.0.0"
# What is loaded answers a thousandth otherwise than its trees: no gate sees it.
SABOTAGE = """

_honest_load = load


def load(*arguments, **options):
    loaded = _honest_load(*arguments, **options)
    kind = type(loaded)
    honest = getattr(kind, "predict_proba", None)
    if honest is not None and not getattr(kind, "_is_other", False):
        kind.predict_proba = lambda self, rows: honest(self, rows) * 0.999 + 0.001 / len(
            self.classes_
        )
        kind._is_other = True
    return loaded
"""


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PackageIndex]:
    """Before the usual index: two packages as they are locked, and a next version of each."""
    with serve_index(tmp_path / "index") as served:
        for name in ("joblib", "semver"):
            download = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
            locked = f"{name}=={importlib.metadata.version(name)}"
            subprocess.run([*download, "-d", str(served.folder), locked], check=True)
            (wheel,) = served.folder.glob(f"{name}-*.whl")
            served.add_file(name, wheel, days_ago=100)
            served.add(name, NEWEST, _modules(name), days_ago=30)
        monkeypatch.setenv("UV_INDEX", f"{served.url}/simple")
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        yield served


def _modules(name: str) -> dict[str, bytes]:
    """The installed package's files; joblib's with the sabotage."""
    files = importlib.metadata.files(name) or []
    modules = {
        str(file): Path(str(file.locate())).read_bytes()
        for file in files
        if str(file).startswith(f"{name}/") and file.suffix != ".pyc"
    }
    if name == "joblib":
        modules["joblib/__init__.py"] += SABOTAGE.encode()
    return modules


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine with the tests' parameters, in which suites and linters are not run."""
    folder = tmp_path / "project"
    folder.mkdir()
    project = publish_engine(folder)
    # It is not DVC's.
    project.git("rm", "--quiet", "dvc.lock")
    project.git("commit", "--quiet", "--message", "Not reproduced yet")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(fit, "CHECKS", {"verify": fit.CHECKS["verify"]})
    return project


def test_package_that_breaks_parity_is_held_back_by_name(
    project: Repository, index: PackageIndex
) -> None:
    """By the real pipeline in real environments; what does not break it comes in."""
    assert index.files.keys() == {"joblib", "semver"}
    (project.path(".cache")).symlink_to(ROOT / ".cache")
    share_cache(project.directory)
    log = project.path("reports/log")
    wanted = Wanted(("joblib", "semver"), (), Renewal(), engine=False, log=log)
    brought = bring_in(Checkout(project.directory), wanted)
    (held,) = brought.held
    assert (held.package, held.version, held.check) == ("joblib", NEWEST, "pipeline"), (
        log.read_text()
    )
    assert "error: " in held.line
    pins = read_rooms(project.directory)["dev"]
    assert pins["semver"] == NEWEST
    assert pins["joblib"] == importlib.metadata.version("joblib")
    assert json.loads(project.path("locks/held.json").read_text())[0]["line"] == held.line
