"""A bundle for another machine, served on this one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.pipeline.models.trees import export as exported
from twinserve.config.errors import UserError
from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_target
from twinserve.targets.native import native_environment
from twinserve.targets.platforms import this_machine
from twinserve.targets.ready import wait_until_answering

OTHER = {"x86_64": "aarch64", "aarch64": "x86_64"}[this_machine()]


@pytest.fixture(scope="module")
def tree(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree whose bundles are for another machine; only the last two stages are run for it."""
    tree = exported(tmp_path_factory.mktemp("native") / "tree")
    (tree / "models").mkdir()
    for name in ("model.pkl", "model.pkl.sha256"):
        shutil.copy(dist.parent / "models" / name, tree / "models")
    shutil.copytree(dist.parent / "evaluation", tree / "evaluation", dirs_exist_ok=True)
    (tree / ".cache").unlink()
    params = yaml.safe_load((tree / "params.yaml").read_text())
    params["serving"]["compile"]["machine"] = OTHER
    (tree / "params.yaml").write_text(yaml.safe_dump(params))
    for stage in (["twinserve.training.export"], ["twinserve", "bundle"]):
        subprocess.run([sys.executable, "-m", *stage], cwd=tree, check=True, capture_output=True)
    return tree


@pytest.mark.parametrize("name", ["service", "function"])
def test_bundle_of_another_machine_is_served_here(
    name: str, tree: Path, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the object that export made beside it; the bundle itself has the other machine's only."""
    monkeypatch.setattr(
        "twinserve.targets.environment.ENVIRONMENTS", dist.parent / ".cache/environments"
    )
    monkeypatch.chdir(tree)
    manifest = json.loads((tree / "dist" / name / "manifest.json").read_bytes())
    assert [file for file in manifest["files"] if file.endswith(".so")] == ["model.so"]
    with local_target(name, tree / "dist" / name).start() as endpoint:
        wait_until_answering(endpoint)
        body = b'{"features": [5.1, 3.5, 1.4, 0.2]}'
        answer = HttpCaller(endpoint.url).call("POST", "/predict", body=body)
    assert json.loads(answer.body)["prediction"] == 0


def test_without_one_for_this_machine_the_line_says_how(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after `dvc pull`, which brings what was made elsewhere."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=f"compiled for linux-{OTHER}, .*twinserve.training.export"):
        native_environment(tree / "dist" / "service")


def test_changed_object_is_refused(
    tree: Path, dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its SHA-256 is told with its path, and checked as any other."""
    monkeypatch.setattr(
        "twinserve.targets.environment.ENVIRONMENTS", dist.parent / ".cache/environments"
    )
    shutil.copytree(tree / ".cache" / "native", tmp_path / ".cache" / "native")
    monkeypatch.chdir(tmp_path)
    target = local_target("service", tree / "dist" / "service")
    (native,) = (tmp_path / ".cache" / "native").iterdir()
    native.write_bytes(native.read_bytes() + b" ")
    expected = "service ended with exit code 1: error: .*native.*SHA-256 .*nothing is served"
    with target.start() as endpoint, pytest.raises(UserError, match=expected):
        wait_until_answering(endpoint)


def test_bundle_of_this_machine_needs_nothing(dist: Path) -> None:
    """No variable, so nothing stands in for what the bundle has."""
    assert native_environment(dist / "service") == {}
