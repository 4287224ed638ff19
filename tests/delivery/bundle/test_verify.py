"""`make verify`: each link of the chain from the locks to the bundles breaks on its own."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.delivery.bundle.folder_engine import IMAGE, FolderEngine
from tests.pipeline.models.trees import export
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.verify import (
    requirements,
    verify_bundles,
    verify_card,
    verify_contents,
    verify_image,
    verify_locks,
    verify_outputs,
)


@pytest.fixture
def tree(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the links read, as reproduced, in a folder that a test may spoil."""
    for folder in ("locks", "models"):
        shutil.copytree(dist.parent / folder, tmp_path / folder)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(dist, tmp_path / "dist", ignore=ignored)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def append(path: Path, text: str = "\n") -> None:
    """Change a file, and no more than its end."""
    with path.open("a") as file:
        file.write(text)


@pytest.mark.parametrize("verify", [verify_locks, verify_card, verify_bundles, verify_contents])
@pytest.mark.usefixtures("tree")
def test_what_was_reproduced_holds(verify: Callable[[], None]) -> None:
    """No link complains of what is as it was made."""
    verify()


@pytest.mark.parametrize("name", ["model.pkl", "served/model.so"])
def test_artifact_that_is_another_than_the_cards_is_found(tree: Path, name: str) -> None:
    """A swapped model does not pass for the one that the card describes."""
    append(tree / "models" / name)
    with pytest.raises(
        UserError, match=rf"models/{name} has SHA-256 \w{{12}}, but models/model.js"
    ):
        verify_card()


def test_missing_artifact_says_how_to_make_it(tree: Path) -> None:
    """A clone that has not reproduced yet ends in a line, not in a trace."""
    (tree / "models" / "model.pkl").unlink()
    with pytest.raises(UserError, match="No such file or directory; make it with `make repro`"):
        verify_card()


@pytest.mark.parametrize("target", ["service", "function"])
def test_file_of_a_bundle_that_is_not_its_manifests_is_found(tree: Path, target: str) -> None:
    """A changed line of code, named with its file."""
    append(tree / "dist" / target / "twinserve" / "inference" / "endpoint.py")
    with pytest.raises(
        UserError, match=f"dist/{target}/twinserve/inference/endpoint.py was changed"
    ):
        verify_bundles()


def test_bundles_of_two_assemblies_are_found(tree: Path) -> None:
    """A manifest whose hash is not that of the files of both bundles."""
    manifest = tree / "dist" / "function" / "manifest.json"
    text = manifest.read_text()
    start = text.index('"bundle": "') + len('"bundle": "')
    manifest.write_text(f"{text[:start]}{'0' * 64}{text[start + 64 :]}")
    with pytest.raises(UserError, match=r"dist/function/manifest.json is of another assembly"):
        verify_bundles()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ("locks/service-compiled.txt", "dist/service/requirements.txt"),
        ("locks/function-compiled.txt", "dist/function/requirements.txt"),
        ("models/model.json", "dist/service/model.json"),
        ("models/served/model.so", "dist/service/model.so"),
        ("dist/function/model.so", "dist/function/model.so"),
    ],
)
def test_bundle_that_is_not_of_these_locks_and_models_is_found(
    tree: Path, changed: str, named: str
) -> None:
    """What would be installed and served is not what is locked and described here."""
    append(tree / changed)
    with pytest.raises(UserError, match=f"{named} has SHA-256"):
        verify_contents()


@pytest.mark.parametrize(
    ("old", "new"),
    [("==", ">="), (" \\\n    --hash=sha256:", " \\\n    --nohash=sha256:")],
    ids=["no version", "no hash"],
)
def test_requirement_that_is_not_locked_is_found(tree: Path, old: str, new: str) -> None:
    """A range, or a version of which any file would do."""
    lock = tree / "locks" / "service-onnx.txt"
    first, rest = lock.read_text().split("\nanyio==", 1)
    lock.write_text(f"{first.replace(old, new)}\nanyio=={rest}")
    with pytest.raises(UserError, match=r"locks/service-onnx.txt: 'annotated-doc"):
        verify_locks()


def test_every_lock_of_the_repository_is_hashed() -> None:
    """All of them, the tools' included: nothing is installed that was not seen before."""
    for path in (ROOT / "locks").glob("*.txt"):
        pins = list(requirements(path.read_text()))
        assert pins
        assert all("==" in pin and "--hash=sha256:" in pin for pin in pins), path


def test_output_that_is_not_as_locked_is_found(
    dist: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """DVC names the stage whose output, or input, is another than dvc.lock says."""
    copy = export(tmp_path / "tree")
    for name in ("models", "evaluation", "dist", "data/prepared", ".dvc/cache"):
        shutil.copytree(dist.parent / name, copy / name, dirs_exist_ok=True)
    shutil.copy(dist.parent / "engine.json", copy)
    monkeypatch.chdir(copy)
    verify_outputs()
    append(copy / "dist" / "service" / "serving.json")
    with pytest.raises(UserError, match=r"not as in dvc\.lock: bundle; run `make repro`"):
        verify_outputs()
    append(copy / "twinserve" / "training" / "train.py")
    with pytest.raises(UserError, match=r"not as in dvc\.lock: train, bundle; run `make repro`"):
        verify_outputs()
    assert not capfd.readouterr().err


def test_image_of_the_bundle_holds(tree: Path) -> None:
    """Its label and each of its files are the bundle's; ignore files need not be in it."""
    copy = Path(shutil.copytree(tree / "dist" / "service", tree / "image"))
    (copy / ".dockerignore").unlink()
    labels = {"io.twinserve.bundle": read_bundle_hash(copy)}
    verify_image(FolderEngine("docker", labels, copy), IMAGE)


def test_image_of_another_bundle_is_found(tree: Path) -> None:
    """By its label, at once; by the bytes of a file where the label lies."""
    copy = Path(shutil.copytree(tree / "dist" / "service", tree / "image"))
    labels = {"io.twinserve.bundle": "0" * 64}
    with pytest.raises(UserError, match="is labelled with bundle 000"):
        verify_image(FolderEngine("docker", labels, copy), IMAGE)
    labels = {"io.twinserve.bundle": read_bundle_hash(copy)}
    append(copy / "model.so")
    with pytest.raises(UserError, match=r"model\.so was changed, says dist/service/manifest"):
        verify_image(FolderEngine("docker", labels, copy), IMAGE)
    (copy / "model.so").unlink()
    with pytest.raises(UserError, match=r"model\.so is missing, says dist/service/manifest"):
        verify_image(FolderEngine("docker", labels, copy), IMAGE)
