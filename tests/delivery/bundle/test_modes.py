"""Bundles out of DVC's cache: files of their own, that any user may read."""

import os
import shutil
from pathlib import Path

import pytest

from twinserve.delivery.bundle.manifest import verify_bundle
from twinserve.delivery.bundle.modes import settle


@pytest.mark.parametrize("kind", ["hardlink", "symlink", "copy"])
def test_what_dvc_links_or_protects_becomes_a_file_of_its_own(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The bundle verifies again, and its object in the cache stays as it was, protected."""
    tree = tmp_path / "tree"
    shutil.copytree(dist, tree / "dist", ignore=shutil.ignore_patterns("__pycache__"))
    file = tree / "dist/service/model.json"
    cached = tmp_path / "object"
    shutil.copy(file, cached)
    cached.chmod(0o444)
    file.unlink()
    match kind:
        case "hardlink":
            os.link(cached, file)
        case "symlink":
            file.symlink_to(cached)
        case _:
            shutil.copy(cached, file)
            file.chmod(0o400)
    monkeypatch.chdir(tree)
    settle()
    verify_bundle(Path("dist/service"))
    assert not file.is_symlink()
    assert not file.samefile(cached)
    assert cached.stat().st_mode & 0o777 == 0o444
    settle()
    verify_bundle(Path("dist/service"))
