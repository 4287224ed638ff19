"""A copy of the project as a cloud build has it: the files, without their history."""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FILES = (
    ".dvcignore",
    ".dvc/config",
    "data/iris.csv",
    "dvc.lock",
    "dvc.yaml",
    "params.yaml",
    "pyproject.toml",
    "tests/conftest.py",
)
ROOMS = (
    "benchmarks",
    "config",
    "delivery",
    "function",
    "inference",
    "locks",
    "service",
    "targets",
    "tests/contract",
    "training",
)

OUTPUTS = ("models", "dist", "evaluation")


def export(directory: Path) -> Path:
    """Copy what the pipeline needs; environments that are made here serve there too."""
    for name in FILES:
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, directory / name)
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / room, directory / room, ignore=ignored)
    (ROOT / ".cache").mkdir(exist_ok=True)
    (directory / ".cache").symlink_to(ROOT / ".cache")
    return directory


def repro(
    directory: Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command that reproduces, with nothing in its environment but what is given."""
    return subprocess.run(
        [sys.executable, "-m", "delivery", "repro"],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def digests(directory: Path) -> dict[str, str]:
    """SHA-256 of everything that the pipeline makes."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for output in OUTPUTS
        for path in sorted((directory / output).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
