"""The tree that the engine's tests work on: this code, with parameters and a table of their own.

Whoever forks the project edits ``params.yaml`` and ``data/``, so no test of the engine reads them.
Theirs are in ``tests/project``. They are laid out in ``.cache/tests/tree`` beside a copy of the
code, and are reproduced there when a test first needs a model or a bundle. Each test of the engine
starts in that folder.
"""

import fcntl
import filecmp
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache"
PROJECT = ROOT / "tests" / "project"
TREE = CACHE / "tests" / "tree"
# What is written of the engine: where a test looks for what no code of it may do.
CODE = ("benchmarks", "function", "service", "twinserve")
OWN_FILES = ("params.yaml", "data/iris.csv")
# What a user owns or makes of it: absolute, so that a test that asks by a relative path is free.
USERS = tuple(
    f"{ROOT}/{name}"
    for name in ("params.yaml", "dvc.lock", "data/", "dist/", "evaluation/", "models/")
)
# Of this repository, file by file and folder by folder.
FILES = (
    ".dvcignore",
    ".dvc/config",
    "Makefile",
    "cloudbuild.yaml",
    "custom/README.md",
    "dvc.yaml",
    "pyproject.toml",
    "tests/suites.py",
    "tests/tree.py",
)
ROOMS = (
    "benchmarks",
    "function",
    "locks",
    "service",
    "twinserve",
)


def share_environments(directory: Path) -> None:
    """Let environments of bundles that are made here serve there; the rest of its cache is its own.

    A lock, above all: tests of several workers would wait for each other, or refuse to.
    """
    (directory / ".cache").mkdir(exist_ok=True)
    (CACHE / "environments").mkdir(parents=True, exist_ok=True)
    (directory / ".cache/environments").symlink_to(CACHE / "environments")


@cache
def lay_out() -> Path:
    """Bring the tree up to date with code and ``tests/project``; what has been made stays."""
    with alone():
        for name in FILES:
            _copy(ROOT / name, TREE / name)
        for room in ROOMS:
            _mirror(ROOT / room, TREE / room)
        for path in _files(PROJECT):
            _copy(path, TREE / path.relative_to(PROJECT))
        # Environments that are made here serve there too.
        for name, target in ((".cache", CACHE), (".venv", Path(sys.executable).parent.parent)):
            link = TREE / name
            if not link.is_symlink() or link.readlink() != target:
                link.unlink(missing_ok=True)
                link.symlink_to(target)
    return TREE


@cache
def reproduce(tree: Path) -> Path:
    """The bundles of a tree, by the command that a user gives."""
    # DVC refuses a second one beside the first, and the tests run in more than one process.
    with alone():
        if tree == ROOT:
            fetch_table()
        done = subprocess.run(
            [sys.executable, "-m", "twinserve", "repro"],
            cwd=tree,
            env={"PATH": "/usr/bin:/bin", "HOME": str(Path.home())},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return tree / "dist"


def fetch_table() -> None:
    """Have the user's table here, if DVC keeps it; that takes their login, what follows none."""
    fetch = [sys.executable, "-m", "twinserve", "fetch"]
    done = subprocess.run(fetch, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@contextmanager
def alone() -> Iterator[None]:
    """Keep every other process of the tests from the tree: DVC refuses a second one beside it."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "repro.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mirror(source: Path, target: Path) -> None:
    wanted = {path.relative_to(source) for path in _files(source)}
    for path in _files(target):
        if path.relative_to(target) not in wanted:
            path.unlink()
    folders = {folder for name in wanted for folder in name.parents}
    # Those that moved away since, whose bytecode is left.
    gone = [path for path in target.rglob("*") if path.is_dir() and path.name != "__pycache__"]
    for path in gone:
        if path.relative_to(target) not in folders:
            shutil.rmtree(path, ignore_errors=True)
    for name in wanted:
        _copy(source / name, target / name)


def _copy(source: Path, target: Path) -> None:
    # A file that is as it was keeps its bytecode and its place in DVC's state.
    if target.exists() and filecmp.cmp(source, target):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)


def _files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.relative_to(folder).parts
    ]


class Guard:
    """Fails a test of the engine that opens a file of the user's in this process."""

    def __init__(self) -> None:
        self.on = False
        sys.addaudithook(self._see)

    def _see(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.on or event != "open":
            return
        path = arguments[0]
        if isinstance(path, str) and path.startswith(USERS):
            raise AssertionError(
                f"a test of the engine opens {path}, which a fork changes: use tests/project, the "
                "fixture dist, or a folder of the test's own (docs/testing.md)"
            )
