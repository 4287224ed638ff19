"""A copy of the tests' tree as a cloud build has it: the files, without their history."""

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.tools import twinserve
from tests.tree import CACHE, FILES, OWN_FILES, ROOMS, ROOT, alone, lay_out, reproduce

__all__ = ["ROOT", "digests", "export", "repro", "restored"]
OUTPUTS = ("models", "dist", "evaluation")


def export(directory: Path) -> Path:
    """Copy what the pipeline needs; environments that are made here serve there too."""
    tree = lay_out()
    reproduce(tree)
    for name in (*FILES, *OWN_FILES, "dvc.lock"):
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(tree / name, directory / name)
    for room in ROOMS:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(tree / room, directory / room, ignore=ignored)
    (directory / ".cache").symlink_to(CACHE)
    return directory


def restored(directory: Path) -> Path:
    """A copy that is reproduced already, with DVC's cache of its outputs."""
    tree = reproduce(lay_out()).parent
    # Another process of the tests may be about to reproduce it.
    with alone():
        return Path(shutil.copytree(tree, directory, symlinks=True))


def repro(
    directory: Path, environment: Mapping[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the command that reproduces, with nothing in its environment but what is given."""
    given = {"PATH": "/usr/bin:/bin", "HOME": str(directory), **(environment or {})}
    return twinserve("repro", cwd=directory, env=given, code=code)


def digests(directory: Path) -> dict[str, str]:
    """SHA-256 of everything that the pipeline makes."""
    return {
        str(path.relative_to(directory)): hashlib.sha256(path.read_bytes()).hexdigest()
        for output in OUTPUTS
        for path in sorted((directory / output).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }
