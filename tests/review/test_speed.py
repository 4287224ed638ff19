"""Micro-benchmarks of two trees in turns, on suites whose difference is known."""

import sys
from pathlib import Path

import pytest

from tests.tools import write_program
from twinserve.config.errors import UserError
from twinserve.measure.statistics import Outcome
from twinserve.review.speed import compare_speed

SUITE = """\
def test_sum(benchmark):
    assert benchmark(sum, range({numbers})) >= 0

def test_{own}(benchmark):
    benchmark(list)
"""


def tree(directory: Path, own: str, numbers: int) -> Path:
    """A tree whose suite sums so many numbers, and has one benchmark that the other has not."""
    (directory / "benchmarks" / "micro").mkdir(parents=True)
    suite = SUITE.format(own=own, numbers=numbers)
    (directory / "benchmarks" / "micro" / "test_suite.py").write_text(suite)
    python = directory / ".venv" / "bin" / "python"
    write_program(python, f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    return directory


@pytest.mark.nightly
def test_slower_tree_is_measured_slower(tmp_path: Path) -> None:
    """Forty times the work has a ratio far above 1, with its whole interval."""
    base, head = tree(tmp_path / "a", "old", 1_000), tree(tmp_path / "b", "new", 40_000)
    said: list[str] = []
    (change,) = compare_speed(base, head, 1.1, rounds=2, say=said.append)
    assert change.name == "test_suite.py::test_sum"
    assert change.head_us > 10 * change.base_us
    assert change.ratio.low > 10
    assert change.outcome is Outcome.BROKEN
    assert said == ["micro-benchmarks: round 1 of 2", "micro-benchmarks: round 2 of 2"]


def test_suite_that_fails_ends_in_a_line(tmp_path: Path) -> None:
    """Which tree it is, and what pytest said."""
    base, head = tree(tmp_path / "a", "old", 1_000), tree(tmp_path / "b", "new", 1_000)
    (head / "benchmarks" / "micro" / "test_suite.py").write_text("import no_such_module\n")
    with pytest.raises(UserError, match=r"benchmarks/micro fails in .*/b: .*error"):
        compare_speed(base, head, 1.1, rounds=1, say=lambda _: None)
