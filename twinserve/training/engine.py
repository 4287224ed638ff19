"""A digest, for each stage, of what it uses of the engine: ``engine.json``, which each depends on.

``dvc.yaml`` is a fork's own, so no module of the engine stands in it, nor in ``dvc.lock``: an
update may add, move and delete modules without touching either. DVC runs this stage each time,
since a change of the engine is what it is to find.
"""

import hashlib
import json
from collections.abc import Mapping
from modulefinder import ModuleFinder
from pathlib import Path
from typing import NamedTuple

from twinserve.config.errors import run_as_command
from twinserve.config.serving import LIBRARIES
from twinserve.training.outputs import write_output

DIGESTS = Path("engine.json")
ROOM = "twinserve"
# These describe sections of params.yaml that no stage reads.
UNREAD = frozenset(f"{ROOM}/config/{name}.py" for name in ("deployment", "measurement", "prices"))

# Of libraries of estimators that are installed where params.yaml names them.
LIBRARY_LOCKS = tuple(f"locks/{name}.txt" for name in LIBRARIES)


class Stage(NamedTuple):
    """The module that a stage runs, and patterns of the files that no import statement names."""

    module: str
    others: tuple[str, ...] = ()


STAGES: Mapping[str, Stage] = {
    "prepare": Stage("twinserve/training/prepare.py"),
    "train": Stage("twinserve/training/train.py", LIBRARY_LOCKS),
    "accept": Stage("twinserve/training/accept.py"),
    "evaluate": Stage("twinserve/training/evaluate.py", LIBRARY_LOCKS),
    "export": Stage(
        "twinserve/training/export.py",
        # An estimator that is served itself must be loadable where these locks are installed.
        (
            "twinserve/inference/runtimes/*.py",
            # Run as a process of their own.
            "twinserve/training/served/cost/*.py",
            "locks/*-joblib*.txt",
            *LIBRARY_LOCKS,
        ),
    ),
    # Bundles carry code, and the requirements of their runtime.
    "bundle": Stage(
        "twinserve/delivery/bundle/assembly.py",
        (
            "twinserve/__init__.py",
            "twinserve/config/__init__.py",
            "twinserve/config/drift.py",
            "twinserve/delivery/page/sources/*",
            "twinserve/inference/**/*.py",
            "locks/function-*.txt",
            "locks/service-*.txt",
        ),
    ),
}


def main() -> None:
    """Run the stage."""
    write_output(DIGESTS, (json.dumps(digests(Path()), indent=2) + "\n").encode())


def digests(tree: Path) -> dict[str, str]:
    """SHA-256 over names and contents of what each stage uses."""
    return {name: _digest(tree, used_files(tree, stage)) for name, stage in STAGES.items()}


def stale_stages(tree: Path) -> list[str]:
    """The stages whose digest is not that of the engine as it stands in the tree."""
    try:
        written = json.loads((tree / DIGESTS).read_bytes())
    except (OSError, ValueError):
        written = {}
    return [name for name, digest in digests(tree).items() if written.get(name) != digest]


def used_files(tree: Path, stage: Stage) -> list[str]:
    """The paths of what a stage uses: what its module imports, at whatever depth, and the others.

    A package's ``__init__.py`` holds no code and counts only where a pattern names it.
    """
    tree = tree.resolve()
    finder = ModuleFinder(path=[str(tree)])
    finder.run_script(str(tree / stage.module))
    imported = {
        str(Path(module["__file__"]).relative_to(tree))
        for module in map(vars, finder.modules.values())
        if module["__file__"] and not module["__path__"]
    }
    others = {
        str(path.relative_to(tree))
        for pattern in stage.others
        for path in tree.glob(pattern)
        if path.is_file()
    }
    return sorted((imported - UNREAD) | others)


def _digest(tree: Path, paths: list[str]) -> str:
    lines = [
        f"{hashlib.sha256((tree / path).read_bytes()).hexdigest()}  {path}\n" for path in paths
    ]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


if __name__ == "__main__":
    run_as_command(main)
