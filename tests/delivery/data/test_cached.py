"""What DVC's cache holds is compared before a stage runs, and a pickle before it is unpickled."""

import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipeline.models.trees import repro, restored
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.data.cached import cache_directory, verify_cache

MODEL = "models/model.pkl"


class Hostile:
    """A pickle of it leaves a file where it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("executed"),)


def cached_object(tree: Path, output: str) -> Path:
    """Where the cache keeps an output."""
    lock = yaml.safe_load((tree / "dvc.lock").read_text())
    outs = [out for stage in lock["stages"].values() for out in stage["outs"]]
    (digest,) = (out["md5"] for out in outs if out["path"] == output)
    return Path(tree, ".dvc/cache/files/md5", digest[:2], digest[2:])


def overwrite(path: Path, content: bytes) -> None:
    """Put another file there, protected as DVC protects its own."""
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(0o444)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A reproduced tree that a test may spoil, as the current folder."""
    tree = restored(tmp_path / "tree")
    monkeypatch.chdir(tree)
    return tree


def test_replaced_pickle_in_the_cache_is_refused_not_executed(tree: Path) -> None:
    """The command that reproduces names the object; nothing has run."""
    overwrite(cached_object(tree, MODEL), pickle.dumps(Hostile()))
    (tree / MODEL).unlink()
    done = repro(tree, code=1)
    assert "DVC's cached copy of models/fitted.pkl is not what dvc.lock says" in done.stderr
    assert not (tree / "executed").exists()
    assert "Running stage" not in done.stdout


@pytest.mark.nightly
def test_replaced_pickle_that_dvc_itself_has_restored_is_refused(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With DVC's own commands too: what is unpickled is compared with the digest in git."""
    overwrite(cached_object(tree, MODEL), pickle.dumps(Hostile()))
    (tree / MODEL).unlink()
    dvc = [sys.executable, "-m", "dvc"]
    # DVC runs `python` by this name.
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    subprocess.run([*dvc, "checkout", "--quiet", MODEL], check=True)
    assert (tree / MODEL).read_bytes() == pickle.dumps(Hostile())
    for stage in ("evaluate", "export"):
        command = [*dvc, "repro", "--single-item", "--force", stage]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode != 0
        assert f"error: {MODEL}: SHA-256 is " in done.stderr
        assert "it is not unpickled" in done.stderr
        assert not (tree / "executed").exists()


def test_reproduced_tree_holds(tree: Path) -> None:
    """Nothing is said of a cache as DVC left it, nor of a tree without one."""
    verify_cache(tree / "dvc.lock")
    shutil.rmtree(tree / ".dvc/cache")
    verify_cache(tree / "dvc.lock")
    verify_cache(tree / "absent.lock")


@pytest.mark.parametrize(
    "output", ["models/served", "evaluation/plots_page.html", "models/model.json"]
)
def test_any_replaced_object_is_named(tree: Path, output: str) -> None:
    """A file of a folder, a folder's list and a single file."""
    path = cached_object(tree, output)
    expected = output
    if path.suffix == ".dir":
        first = json.loads(path.read_bytes())[0]
        path = path.parent.parent / first["md5"][:2] / first["md5"][2:]
        expected = f"{output}/{first['relpath']}"
    overwrite(path, b"another")
    with pytest.raises(UserError, match=f"cached copy of {expected} is not what") as refused:
        verify_cache(tree / "dvc.lock")
    assert "\n" not in str(refused.value)
    overwrite(path, b"")
    path.unlink()
    verify_cache(tree / "dvc.lock")


def test_list_of_a_folder_that_was_replaced_is_named(tree: Path) -> None:
    """Before it is read as a list."""
    overwrite(cached_object(tree, "models/served"), b"[")
    with pytest.raises(UserError, match="cached copy of models/served is not what"):
        verify_cache(tree / "dvc.lock")


def test_cache_is_where_dvc_is_told(tree: Path, tmp_path: Path) -> None:
    """A cache of a user's own choice is compared as well."""
    assert cache_directory().resolve() == (tree / ".dvc/cache").resolve()
    (tree / ".dvc/config.local").write_text(f"[cache]\n    dir = {tmp_path / 'elsewhere'}\n")
    assert cache_directory() == tmp_path / "elsewhere"


@pytest.mark.parametrize("text", ["{", "[]", "stages: 5", "stages: {a: 5, b: {outs: [5]}}"])
def test_broken_lock_is_left_to_dvc(tmp_path: Path, text: str) -> None:
    """DVC says itself what is wrong with it."""
    (tmp_path / "dvc.lock").write_text(text)
    verify_cache(tmp_path / "dvc.lock")


def test_digest_is_kept_in_git_and_true(dist: Path) -> None:
    """The committed digest is that of the model that the tree gives."""
    line = (dist.parent / f"{MODEL}.sha256").read_text()
    digest = hashlib.sha256((dist.parent / MODEL).read_bytes()).hexdigest()
    assert line == f"{digest}  {MODEL}\n"
    command = ["git", "check-ignore", "--quiet", f"{MODEL}.sha256"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 1
