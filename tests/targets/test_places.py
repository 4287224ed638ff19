"""Environments in places where the user has put them: moved, linked, and under other settings."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.targets.test_environment import LOCKED
from tests.tools import require, run
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.environment.install import install
from twinserve.targets import environment
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import compile_bytecode


@pytest.fixture
def requirements(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list of one requirement; beside it the folder of environments, empty."""
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path / "environments")
    path = tmp_path / "requirements.txt"
    path.write_text(LOCKED)
    return path


def bytecode(python: Path) -> list[str]:
    """The names of the compiled modules of the one package."""
    compiled = python.parent.parent.glob("lib/*/site-packages/iniconfig/__pycache__/*.pyc")
    return sorted(path.name for path in compiled)


@pytest.mark.parametrize(
    "variables",
    [
        {"PYTHONOPTIMIZE": "2"},
        {"PYTHONPYCACHEPREFIX": "elsewhere"},
        {"PYTHONDONTWRITEBYTECODE": "1"},
        {"PYTHONSAFEPATH": "1", "PYTHONPATH": "/nowhere", "PYTHONHASHSEED": "oops"},
        {"UV_PYTHON": "2.7", "UV_LINK_MODE": "symlink", "UV_NO_BINARY": "1", "PIP_USER": "1"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_bytecode_is_that_of_a_server_whatever_the_shell(
    requirements: Path,
    tmp_path: Path,
    variables: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a server would compile at every start, which takes three times as long."""
    module = tmp_path / "bundle" / "module.py"
    module.parent.mkdir()
    module.write_text("ANSWER = 42\n")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    python = ensure_environment(requirements)
    compile_bytecode(python, module.parent)
    tag = f"{sys.implementation.cache_tag}.pyc"
    assert f"__init__.{tag}" in bytecode(python)
    assert [path.name for path in module.parent.glob("__pycache__/*")] == [f"module.{tag}"]


def test_environment_that_was_moved_is_made_anew(
    requirements: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its scripts name their Python by its path, and would start nothing."""
    before = ensure_environment(requirements)
    moved = tmp_path / "moved"
    (tmp_path / "environments").rename(moved)
    monkeypatch.setattr(environment, "ENVIRONMENTS", moved)
    python = ensure_environment(requirements)
    assert (python.parent.parent.parent, before.exists()) == (moved, False)
    assert str(moved) in (python.parent / "activate").read_text()


def test_environment_that_is_a_link_leaves_alone_what_it_leads_to(
    requirements: Path, tmp_path: Path
) -> None:
    """The link is replaced; a file of the user's in the folder behind it stays."""
    made = ensure_environment(requirements).parent.parent
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").touch()
    shutil.rmtree(made)
    made.symlink_to(theirs)
    assert ensure_environment(requirements).parent.parent == made
    assert not made.is_symlink()
    assert [path.name for path in theirs.iterdir()] == ["file"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """What `make` needs of the project, with locks of one package."""
    made = tmp_path / "tree"
    (made / "locks").mkdir(parents=True)
    shutil.copy(ROOT / "Makefile", made)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "twinserve", made / "twinserve", ignore=unwanted)
    shutil.copy(ROOT / "locks" / "bootstrap.txt", made / "locks")
    bootstrap = (ROOT / "locks" / "bootstrap.txt").read_text()
    (made / "locks" / "dev.txt").write_text(f"{bootstrap}{LOCKED}")
    return made


def make(tree: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """`make .venv/ready` there."""
    command = [require("make"), f"PYTHON={sys.executable}", ".venv/ready"]
    # A `make` that runs this test must not make a part of itself of the one that is tested.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return run(command, cwd=tree, env=ours | variables)


@pytest.mark.nightly
def test_tree_that_was_moved_mends_itself(tree: Path, tmp_path: Path) -> None:
    """Whatever the shell tells pip and Python, `make` installs once, and once more after a move.

    The command that it puts there starts under the same shell.
    """
    shell = {
        "PIP_USER": "1",
        "PIP_TARGET": str(tmp_path / "target"),
        "PYTHONSAFEPATH": "1",
        "PYTHONOPTIMIZE": "1",
        "PYTHONPATH": str(tmp_path),
        "PYTHONIOENCODING": "ascii",
        "UV_PYTHON": "2.7",
    }
    first = make(tree, **shell)
    assert (first.returncode, first.stdout) == (0, "installing .venv from locks/dev.txt\n"), (
        first.stderr
    )
    assert f"__init__.{sys.implementation.cache_tag}.pyc" in bytecode(tree / ".venv/bin/python")
    command = [str(tree / ".venv" / "bin" / "twinserve"), "schedules", "--help"]
    started = run(command, cwd=tree, env=os.environ | shell, code=0)
    assert "twinserve schedules" in started.stdout
    assert "up to date" in make(tree).stdout
    moved = tree.rename(tmp_path / "moved")
    again = make(moved)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert (
        str(moved) in (moved / ".venv" / "bin" / "uv").read_text(errors="replace")
        or str(moved) in (moved / ".venv" / "bin" / "activate").read_text()
    )
    assert "up to date" in make(moved).stdout


def test_link_to_an_environment_is_used_or_refused_but_never_cleared(
    tree: Path, tmp_path: Path
) -> None:
    """One that holds what is locked serves; with anything else behind it, one line says so."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "file").touch()
    (tree / ".venv").symlink_to(theirs)
    refused = make(tree)
    assert refused.returncode == 2
    assert refused.stderr.startswith(f"error: .venv is a link to {theirs}, ")
    assert "remove the link (`rm .venv`)" in refused.stderr
    assert [path.name for path in theirs.iterdir()] == ["file"]
    (theirs / "ready").write_text(str(theirs))
    assert "up to date" in make(tree).stdout


def test_installation_that_fails_is_told(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pip's own lines, then one of ours; nothing is taken for ready."""
    lock = tree / "locks" / "bootstrap.txt"
    lock.write_text("uv==0.0.0 --hash=sha256:" + "0" * 64 + "\n")
    monkeypatch.chdir(tree)
    with pytest.raises(UserError, match=r"^`python -m pip install .*` failed; its own lines above"):
        install()
    assert not (tree / ".venv" / "ready").exists()
