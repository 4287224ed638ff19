"""Bundles: complete, free of what is not served, named by their content."""

import hashlib
import json
import sys
from pathlib import Path

import pytest

from tests.tools import run
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.delivery.bundle import assembly as bundle


def read_manifest(path: Path) -> dict[str, dict[str, str]]:
    """A bundle's manifest."""
    manifest: dict[str, dict[str, str]] = json.loads((path / "manifest.json").read_bytes())
    return manifest


@pytest.mark.parametrize("target", bundle.TARGETS)
def test_manifest_names_every_file_with_its_hash(target: str, dist: Path) -> None:
    """The manifest is the folder: each file but itself, and its SHA-256."""
    hashes = {
        str(path.relative_to(dist / target)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (dist / target).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and path.name != "manifest.json"
    }
    assert read_manifest(dist / target)["files"] == hashes


@pytest.mark.parametrize("target", bundle.TARGETS)
def test_bundle_is_complete_and_free_of_training(target: str, dist: Path) -> None:
    """Code, model, card, settings and requirements are there; no runtime's library is required."""
    files = read_manifest(dist / target)["files"]
    entry = "service/__main__.py" if target == "service" else "main.py"
    for name in (entry, "model.so", "model.json", "serving.json", "requirements.txt"):
        assert name in files
    runtimes = {name for name in files if name.startswith("twinserve/inference/runtimes/")}
    assert runtimes == {
        "twinserve/inference/runtimes/__init__.py",
        "twinserve/inference/runtimes/compiled.py",
    }
    assert not {"model.c", "model.pkl"} & set(files)
    requirements = (dist / target / "requirements.txt").read_text()
    assert "uvicorn==" in requirements
    for spared in ("numpy", "onnxruntime", "scikit-learn", "ziglang"):
        assert f"{spared}==" not in requirements


@pytest.mark.parametrize(
    ("runtime", "needed", "spared"),
    [("onnx", "onnxruntime", "scikit-learn"), ("joblib", "scikit-learn", "onnxruntime")],
)
def test_bundle_has_what_its_runtime_needs(
    tree: Path, runtime: str, needed: str, spared: str
) -> None:
    """Another runtime in the card brings its module and its requirements, and no other's."""
    card = load_card(tree / "models" / "model.json")
    name = f"model.{runtime}"
    (tree / "models" / "served" / name).write_bytes(b"a model")
    changed = card._replace(
        runtime=runtime, served=name, artifacts={name: hashlib.sha256(b"a model").hexdigest()}
    )
    (tree / "models" / "model.json").write_text(changed.to_json())
    for target, path in bundle.assemble().items():
        files = read_manifest(path)["files"]
        assert {name, f"twinserve/inference/runtimes/{runtime}.py"} <= set(files), target
        assert not {"model.so", "twinserve/inference/runtimes/compiled.py"} & set(files), target
        requirements = (path / "requirements.txt").read_text()
        assert f"{needed}==" in requirements
        assert f"{spared}==" not in requirements


def test_module_of_mixtures_is_bundled_with_a_mixture(tree: Path) -> None:
    """The artifact's symbol tells: what several models are put together by is of no other's use."""
    artifact = b"an object with the symbol model_mixture in it"
    card = load_card(tree / "models" / "model.json")
    (tree / "models" / "served" / card.served).write_bytes(artifact)
    for target, path in bundle.assemble().items():
        assert "twinserve/inference/runtimes/mixture.py" in read_manifest(path)["files"], target


def test_both_bundles_share_one_hash(dist: Path) -> None:
    """A release is one thing on two targets."""
    assert len({bundle.read_bundle_hash(dist / target) for target in bundle.TARGETS}) == 1


def test_hash_follows_the_content(tree: Path) -> None:
    """The same files give the same hash; one byte in either target gives another for both."""
    first = bundle.read_bundle_hash(bundle.assemble()["service"])
    assert bundle.read_bundle_hash(bundle.assemble()["function"]) == first
    with (tree / "function" / "main.py").open("a") as file:
        file.write("# changed\n")
    assert bundle.read_bundle_hash(bundle.assemble()["service"]) != first


def test_failed_assembly_leaves_the_bundles_that_were_there(tree: Path) -> None:
    """A missing file is one line, and nothing has changed."""
    before = bundle.read_bundle_hash(bundle.assemble()["service"])
    (tree / "models" / "served" / "model.so").unlink()
    with pytest.raises(UserError, match=r"model\.so: No such file.*but the bundle needs it"):
        bundle.assemble()
    assert bundle.read_bundle_hash(tree / "dist" / "service") == before


def test_bundle_that_is_not_there_is_told(tmp_path: Path) -> None:
    """Asking for the hash of nothing names the command that makes it."""
    with pytest.raises(UserError, match="make it with `dvc repro`"):
        bundle.read_bundle_hash(tmp_path)


def test_command_prints_what_it_made(tree: Path) -> None:
    """`twinserve bundle` prints a line a target and the hash."""
    command = [sys.executable, "-m", "twinserve", "bundle"]
    done = run(command, cwd=tree, code=0)
    service, function, whole = done.stdout.splitlines()
    assert service.startswith("service   dist/service")
    assert function.startswith("function  dist/function")
    assert whole.split() == ["bundle", bundle.read_bundle_hash(tree / "dist" / "service")[:12]]
