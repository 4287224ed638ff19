"""A package that breaks the proof of parity, made here and served from a local index: held back."""

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest
from uv import find_uv_bin

from tests.delivery.update.forks import Repository
from tests.renewal.newer_versions import NEWEST, serve_newer
from tests.renewal.shown import compare, shown
from tests.renewal.slim_engine import publish_slim_engine
from tests.tree import ROOT, TREE
from twinserve.config.params import Renewal
from twinserve.config.variables import PACKAGES, tool_environment
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.delivery.data.dvc import local_options
from twinserve.delivery.environment.install import LAUNCHER
from twinserve.renewal import fit
from twinserve.renewal.packages import Wanted, bring_in
from twinserve.targets.git import Checkout

pytestmark = pytest.mark.nightly
BREAKING, HARMLESS = "joblib", "prometheus-client"
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


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Beside the usual index: a next version of two packages."""
    changed = {"joblib/__init__.py": SABOTAGE}
    with serve_newer(tmp_path / "index", BREAKING, HARMLESS, changed=changed) as variables:
        for name, text in {**variables, "GIT_CONFIG_GLOBAL": "/dev/null"}.items():
            monkeypatch.setenv(name, text)
        yield


@pytest.fixture
def project(tmp_path: Path, dist: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine with the tests' parameters, in which suites and linters are not run.

    The tree of the tests has been reproduced, so what no package changes comes from its cache.
    """
    assert dist.is_dir()
    folder = tmp_path / "project"
    folder.mkdir()
    project = publish_slim_engine(folder)
    # It is not DVC's.
    project.git("rm", "--quiet", "dvc.lock")
    project.git("commit", "--quiet", "--message", "Not reproduced yet")
    monkeypatch.chdir(folder)
    with local_options() as options:
        options["cache"]["dir"] = str(TREE / ".dvc/cache")
    (project.path(".cache")).symlink_to(ROOT / ".cache")
    monkeypatch.setattr(fit, "CHECKS", {"verify": fit.CHECKS["verify"]})
    monkeypatch.setattr(fit, "make_environment", make_environment)
    return project


def make_environment(tree: Path, log: IO[str], _interpreter: str) -> None:
    """The tests' own environment, with those of the tree's pins over it that it has otherwise.

    They are installed as ever: by uv, by hash. To install all of a lock again takes longer than all
    that is tried here, and each run of `twinserve renew packages` does it.
    """
    place = tree / ".venv"
    shutil.rmtree(place, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    (packages,) = place.glob("lib/python*/site-packages")
    (packages / "under.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    (place / "bin/twinserve").write_text(LAUNCHER)
    (place / "bin/twinserve").chmod(0o755)
    blocks = (tree / "locks/dev.txt").read_text().replace("\\\n", "").splitlines(keepends=True)
    other = place / "other.txt"
    other.write_text("".join(line for line in blocks if f"=={NEWEST} " in line))
    words = ["--quiet", "--no-deps", "--require-hashes", "--python", str(place / "bin/python")]
    subprocess.run(
        [find_uv_bin(), "pip", "install", *words, "-r", str(other)],
        env=tool_environment(PACKAGES),
        stdout=log,
        stderr=subprocess.STDOUT,
        check=True,
    )


def test_package_that_breaks_parity_is_held_back_by_name(
    project: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the real pipeline, with the real packages; what does not break it comes in."""
    log = project.path("reports/log")
    # The pipeline serves in the next runtime what is not equal in the first.
    rules = Renewal()
    wanted = Wanted((BREAKING, HARMLESS), (), rules, engine=False, log=log, runtime=compiled)
    brought = bring_in(Checkout(project.directory), wanted)
    (typed,) = shown("parity")
    compare(typed, capsys)
    (held,) = brought.held
    assert (held.package, held.version, held.check) == (BREAKING, NEWEST, "runtime"), (
        log.read_text()
    )
    assert re.match(r"serving\.runtime was compiled, .* onnx, .* differs by 0\.000", held.line)
    assert brought.fits == 4
    pins = read_rooms(project.directory)["dev"]
    assert pins[HARMLESS] == NEWEST
    assert pins[BREAKING] == importlib.metadata.version(BREAKING)
    assert json.loads(project.path("locks/held.json").read_text())[0]["line"] == held.line
    passed = [check.check for check in brought.passed]
    assert passed == ["environment", "pipeline", "runtime", "verify"]


def compiled() -> str:
    """What the tests' model is served in."""
    return "compiled"
