"""Locked environments: exactly what the lock says, made once, and nothing else importable."""

from pathlib import Path

import pytest

from tests.tools import run
from twinserve.config.errors import UserError
from twinserve.targets import environment
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import compile_bytecode, environment_for, local_function, local_service

LOCKED = """\
iniconfig==2.1.0 \\
    --hash=sha256:9deba5723312380e77435581c6bf4935c94cbfab9b1ed33ef8d238ea168eb760
"""


def importable(python: Path, directory: Path, *modules: str) -> list[str]:
    """The modules, of those given, that the environment can import."""
    code = "import importlib.util, sys; print(*filter(importlib.util.find_spec, sys.argv[1:]))"
    done = run(
        [str(python), "-c", code, *modules], cwd=directory, env=environment_for(python), code=0
    )
    return done.stdout.split()


def test_environment_holds_what_is_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The locked package is there, compiled; the second time nothing is installed."""
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path / "environments")
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(LOCKED)
    python = ensure_environment(requirements)
    assert importable(python, tmp_path, "iniconfig", "pytest", "pip") == ["iniconfig"]
    assert list(python.parent.parent.glob("lib/*/site-packages/iniconfig/__pycache__/*.pyc"))
    monkeypatch.setattr(environment, "_uv", None)
    assert ensure_environment(requirements) == python


@pytest.mark.parametrize(
    "requirements",
    [LOCKED.replace("9deba5", "000000"), LOCKED.partition(" \\")[0] + "\n"],
    ids=["another hash", "no hash"],
)
def test_requirement_without_its_hash_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, requirements: str
) -> None:
    """What is not the locked file is not installed, and what failed is not taken for made."""
    monkeypatch.setattr(environment, "ENVIRONMENTS", tmp_path / "environments")
    path = tmp_path / "requirements.txt"
    path.write_text(requirements)
    for _ in "ab":
        with pytest.raises(UserError, match=r"(?s)uv pip sync failed: .*iniconfig"):
            ensure_environment(path)


def test_missing_requirements_are_told(tmp_path: Path) -> None:
    """No file, one line."""
    with pytest.raises(UserError, match=r"absent\.txt: No such file"):
        ensure_environment(tmp_path / "absent.txt")


def test_missing_bundle_is_told(tmp_path: Path) -> None:
    """No bundle, one line with the command that makes it."""
    with pytest.raises(UserError, match="no bundle there; make it with `dvc repro`"):
        local_service(tmp_path / "absent")


def test_broken_module_is_told(tmp_path: Path, dist: Path) -> None:
    """A module that does not compile is named."""
    python = Path(local_service(dist / "service").command[0])
    (tmp_path / "broken.py").write_text("def")
    with pytest.raises(UserError, match=r"cannot compile: .*broken\.py"):
        compile_bytecode(python, tmp_path)


@pytest.mark.parametrize("name", ["service", "function"])
def test_bundle_can_import_its_own_and_nothing_else(name: str, dist: Path) -> None:
    """Neither the rooms of training nor their packages reach a server."""
    make = local_service if name == "service" else local_function
    python = Path(make(dist / name).command[0])
    if name == "function":
        python = python.parent / "python"
    ours = ["twinserve.inference", "twinserve.config"]
    foreign = ["twinserve.training", "twinserve.delivery", "twinserve.targets", "benchmarks"]
    foreign += ["sklearn", "skl2onnx", "dvc"]
    foreign += ["fastapi" if name == "function" else "flask", "pytest", "pip", "matplotlib"]
    assert importable(python, dist / name, *ours, *foreign) == ours
