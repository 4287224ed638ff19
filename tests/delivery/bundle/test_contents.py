"""A bundle is the same wherever it is assembled; what differs in kind or mode is found."""

import os
import py_compile
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.delivery.bundle.folder_engine import IMAGE, FolderEngine
from tests.pipeline.models.trees import export, repro
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import TARGETS, assemble, read_bundle_hash
from twinserve.delivery.bundle.manifest import verify_bundle
from twinserve.delivery.bundle.verify import verify_image

MODULE = "twinserve/inference/endpoint.py"


@pytest.fixture
def bundle(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The service's bundle, to be spoiled."""
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(dist, tmp_path / "dist", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    return Path("dist/service")


def compiled_of(bundle: Path, name: str = MODULE) -> Path:
    """The bytecode of a module, as Python makes it."""
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    return Path(py_compile.compile(str(bundle / name), doraise=True, invalidation_mode=mode) or "")


def link(bundle: Path) -> None:
    """To a file with the same content."""
    shutil.move(bundle / MODULE, bundle.parent / "moved.py")
    (bundle / MODULE).symlink_to(bundle.parent.absolute() / "moved.py")


def link_folder(bundle: Path) -> None:
    """To a folder with the same content."""
    shutil.move(bundle / "twinserve" / "inference", bundle.parent / "moved")
    (bundle / "twinserve" / "inference").symlink_to(bundle.parent.absolute() / "moved")


def pipe(bundle: Path) -> None:
    """Where a module belongs."""
    replace_by_pipe(bundle / MODULE)


def replace_by_pipe(path: Path) -> None:
    """Nobody ever writes to it."""
    path.unlink()
    os.mkfifo(path)


def other_bytecode(bundle: Path) -> None:
    """Of other code, which Python would run for the module."""
    made = compiled_of(bundle)
    (bundle / "other.py").write_text("print('hostile')\n")
    made.write_bytes(compiled_of(bundle, "other.py").read_bytes())
    (bundle / "other.py").unlink()
    shutil.rmtree(bundle / "__pycache__")


def bytecode_alone(bundle: Path) -> None:
    """Without a source, Python imports it all the same."""
    (bundle / "twinserve" / "inference" / "json.pyc").write_bytes(compiled_of(bundle).read_bytes())


FAULTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "a link": (link, f"{MODULE} is a link to "),
    "a linked folder": (link_folder, "inference is a link to "),
    "a pipe": (pipe, f"{MODULE} is not a file"),
    "a mode": (lambda b: (b / MODULE).chmod(0o600), f"{MODULE} has mode 600, not 644"),
    "set-user-id": (lambda b: (b / MODULE).chmod(0o4644), f"{MODULE} has mode 4644, not 644"),
    "a folder's mode": (
        lambda b: (b / "twinserve" / "config").chmod(0o700),
        "twinserve/config has mode 700, not 755",
    ),
    "an empty folder": (lambda b: (b / "extra").mkdir(), "extra does not belong there"),
    "a hidden file": (lambda b: (b / ".env").touch(), ".env does not belong there"),
    "code": (lambda b: (b / MODULE).write_text("x"), f"{MODULE} was changed"),
    "other bytecode": (other_bytecode, r"endpoint\.cpython-\d+\.pyc is not the bytecode of"),
    "bytecode alone": (bytecode_alone, r"inference/json\.pyc does not belong there"),
    "broken bytecode": (
        lambda b: compiled_of(b).write_bytes(b"x"),
        r"endpoint\.cpython-\d+\.pyc is not the bytecode of endpoint\.py",
    ),
    "bytecode of another name": (
        lambda b: compiled_of(b).rename(b / "twinserve/inference/__pycache__/json.cpython-311.pyc"),
        r"json\.cpython-311\.pyc does not belong there",
    ),
}


@pytest.mark.parametrize(("spoil", "fault"), FAULTS.values(), ids=FAULTS.keys())
def test_each_kind_of_difference_is_found(
    bundle: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    """In one line, in the bundle and in an image of it."""
    image = Path(shutil.copytree(bundle, "image"))
    spoil(bundle)
    with pytest.raises(UserError, match=fault) as refused:
        verify_bundle(bundle)
    assert "\n" not in str(refused.value)
    shutil.rmtree(bundle)
    shutil.copytree(image, bundle)
    spoil(image)
    engine = FolderEngine("docker", {"io.twinserve.bundle": read_bundle_hash(bundle)}, image)
    with pytest.raises(UserError, match=f"an-image: .*{fault}"):
        verify_image(engine, IMAGE)


def test_bytecode_of_the_files_may_be_there(bundle: Path) -> None:
    """Running a bundle makes it, and so does the build of an image."""
    subprocess.run(
        [sys.executable, "-m", "compileall", "-q", str(bundle)], check=True, cwd=Path.cwd()
    )
    verify_bundle(bundle)
    image = Path(shutil.copytree(bundle, "image"))
    (image / ".gcloudignore").unlink()
    engine = FolderEngine("docker", {"io.twinserve.bundle": read_bundle_hash(bundle)}, image)
    verify_image(engine, IMAGE)


def test_file_of_an_image_does_not_stand_in_for_a_module(bundle: Path) -> None:
    """A json.py beside the bundle's files is found, and is not what looks for it."""
    image = Path(shutil.copytree(bundle, "image"))
    (image / "json.py").write_text("raise SystemExit(0)\n")
    engine = FolderEngine("docker", {"io.twinserve.bundle": read_bundle_hash(bundle)}, image)
    with pytest.raises(UserError, match=r"json\.py does not belong there"):
        verify_image(engine, IMAGE)


@pytest.mark.parametrize("spoil", [Path.unlink, replace_by_pipe])
def test_manifest_that_cannot_be_read_is_one_line(
    bundle: Path, spoil: Callable[[Path], object]
) -> None:
    """A pipe in its place is not waited for."""
    spoil(bundle / "manifest.json")
    with pytest.raises(UserError, match=r"manifest\.json: .*; make it with `dvc repro`"):
        verify_bundle(bundle)


def described(tree: Path) -> dict[str, tuple[str, str]]:
    """Kind and mode, and the content, of everything in both bundles."""
    return {
        str(path.relative_to(tree)): (
            stat.filemode(path.lstat().st_mode),
            path.read_text(errors="replace") if path.is_file() else "",
        )
        for path in sorted((tree / "dist").rglob("*"))
        if "__pycache__" not in path.parts
    }


def test_links_and_a_umask_leave_no_trace_in_what_is_assembled(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As DVC's cache of links has the model, for a user whose files only they may read."""
    tree = export(tmp_path / "tree")
    shutil.copytree(dist.parent / "models", tmp_path / "cache")
    (tree / "models/served").mkdir(parents=True)
    for path in (tmp_path / "cache").rglob("*"):
        if path.is_file():
            link = tree / "models" / path.relative_to(tmp_path / "cache")
            link.unlink(missing_ok=True)
            link.symlink_to(path)
    shutil.copytree(dist.parent / "evaluation", tree / "evaluation", dirs_exist_ok=True)
    monkeypatch.chdir(tree)
    before = os.umask(0o077)
    try:
        assemble()
    finally:
        os.umask(before)
    assert described(tree) == described(dist.parent)


@pytest.mark.nightly
@pytest.mark.parametrize("kind", ["symlink", "hardlink"])
def test_bundle_is_the_same_under_another_umask_and_cache(
    dist: Path, tmp_path: Path, kind: str
) -> None:
    """A cache of links and a umask of 077 leave no trace in it."""
    tree = export(tmp_path / "tree")
    (tree / ".dvc/config.local").write_text(f"[cache]\n    type = {kind}\n")
    before = os.umask(0o077)
    try:
        repro(tree)
    finally:
        os.umask(before)
    assert described(tree) == described(dist.parent)
    assert stat.S_IMODE((tree / "dist").stat().st_mode) == 0o755
    for target in TARGETS:
        verify_bundle(tree / "dist" / target)
        assert {path.stat().st_nlink for path in (tree / "dist" / target).glob("*.json")} == {1}
    # Where links are asked for, there are some.
    model = tree / "models" / "model.pkl"
    assert model.is_symlink() or model.stat().st_nlink > 1


def test_clone_has_the_same_bytes_whatever_autocrlf_says(tmp_path: Path) -> None:
    """Or DVC would see other inputs there, and tell its user to commit another lock."""
    git = [shutil.which("git") or "git", "-c", "core.autocrlf=true"]
    checkout = [*git, "checkout-index", "--all", f"--prefix={tmp_path}/"]
    subprocess.run(checkout, cwd=ROOT, check=True)
    lock = yaml.safe_load((tmp_path / "dvc.lock").read_text())
    inputs = {
        dependency["path"]
        for stage in lock["stages"].values()
        for dependency in stage.get("deps", ())
    }
    kept = [path for path in map(tmp_path.joinpath, inputs) if path.is_file()]
    assert tmp_path / "locks" / "training.txt" in kept
    for path in (
        *kept,
        *(tmp_path / "twinserve").rglob("*.py"),
        *tmp_path.rglob("*.txt"),
        *tmp_path.glob("*.yaml"),
    ):
        assert b"\r\n" not in path.read_bytes(), path
