"""``adopt``, then ``make run``, in a copy of the tree: how long until both endpoints answer."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.studies.adoption.known import TABLES, Known
from twinserve.config.errors import UserError
from twinserve.config.variables import tool_environment

# Of the top: what the project has made of its own table, and its history.
_LEFT_BEHIND = frozenset(
    {
        ".git", ".venv", ".cache", ".dvc", "dist", "models", "reports", "evaluation", "data",
        "dvc.lock", ".mypy_cache", ".ruff_cache", ".pytest_cache",
    }
)  # fmt: skip
_CACHE = ".cache/environments"
# The line of `make run` by which both endpoints have kept the contract.
_SERVED = "cases passed"
# What is measured behind that line is not what is timed here.
_LITTLE = tuple(
    f"measurement.{setting}"
    for setting in ("cold_samples=2", "warm_requests=100", "connections=[1]")
)


@dataclass(frozen=True, slots=True)
class Adopted:
    """A table and its times.

    Attributes:
        adopt_s: of ``adopt``, Python's start included.
        served_s: of ``make run``, until both endpoints have kept the whole contract.
        runtime: that serves it.
    """

    name: str
    rows: int
    columns: int
    adopt_s: float
    served_s: float
    runtime: str


def adopted(names: Sequence[str]) -> Iterator[Adopted]:
    """Each table as soon as it is served.

    Raises:
        UserError: one is not served, or no such table is known.
    """
    if unknown := [name for name in names if name not in TABLES]:
        raise UserError(f"found {unknown[0]!r}, expected one of: {', '.join(TABLES)}")
    for name in names or TABLES:
        with tempfile.TemporaryDirectory() as folder:
            yield _adopted(name, TABLES[name], _tree(Path(folder)))


def _tree(folder: Path) -> Path:
    """A copy of the tree that this is run from, without what is its own table's."""
    tree, here = folder / "tree", Path.cwd()

    def ignored(within: str, names: list[str]) -> set[str]:
        return {*names} & (_LEFT_BEHIND if Path(within) == here else {"__pycache__"})

    shutil.copytree(here, tree, ignore=ignored, symlinks=True)
    (tree / "data").mkdir()
    (here / _CACHE).mkdir(parents=True, exist_ok=True)
    (tree / _CACHE).parent.mkdir()
    (tree / _CACHE).symlink_to((here / _CACHE).resolve())
    (tree / ".dvc").mkdir()
    (tree / ".dvc/config").write_text("[core]\n    no_scm = true\n    analytics = false\n")
    return tree


def _adopted(name: str, known: Known, tree: Path) -> Adopted:
    table = tree / f"data/{name}.csv"
    known.write(table)
    began = time.monotonic()
    _finished(_command(tree, "adopt", str(table), "--label", known.label))
    adopt_s = time.monotonic() - began
    _finished(_command(tree, "set", *_LITTLE))
    began = time.monotonic()
    with _command(tree, "rehearse") as running:
        assert running.stdout is not None  # noqa: S101 - it is a pipe
        lines: list[str] = []
        served_s = 0.0
        for line in running.stdout:
            lines.append(line.strip())
            if _SERVED in line and not served_s:
                served_s = time.monotonic() - began
                running.terminate()
    if not served_s:
        raise UserError(f"{name}: {(lines or ['`make run` said nothing'])[-1]}")
    return _described(name, tree, adopt_s, served_s)


def _described(name: str, tree: Path, adopt_s: float, served_s: float) -> Adopted:
    from twinserve.config.card import load_card

    card = load_card(tree / "models/model.json")
    columns = len(card.features)
    return Adopted(name, card.data["rows"], columns, adopt_s, served_s, card.runtime)


def _command(tree: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "twinserve", *words],
        cwd=tree,
        env=tool_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _finished(process: "subprocess.Popen[str]") -> None:
    said, _ = process.communicate()
    if process.returncode:
        raise UserError((said.strip().splitlines() or ["it said nothing"])[-1])
