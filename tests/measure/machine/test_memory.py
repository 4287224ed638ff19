"""PSS of a process tree."""

import os
from pathlib import Path

import pytest

from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.targets.tree import PROC


def add_process(proc: Path, pid: int, parent: int, rollup: str | None) -> None:
    """One more entry in a made-up /proc."""
    entry = proc / str(pid)
    entry.mkdir()
    fields = " ".join(["S", str(parent), *("0" for _ in range(20))])
    (entry / "stat").write_text(f"{pid} (a) (b c) {fields}\n", encoding="ascii")
    if rollup is not None:
        (entry / "smaps_rollup").write_text(rollup, encoding="ascii")


def test_children_and_their_children_count_and_others_do_not(tmp_path: Path) -> None:
    """A worker's share is added to its parent's, whatever stands in a command's name."""
    add_process(tmp_path, 10, 1, "Rss: 9 kB\nPss:  100 kB\nPss_Dirty: 50 kB\n")
    add_process(tmp_path, 11, 10, "Pss: 20 kB\n")
    add_process(tmp_path, 12, 11, "Pss: 3 kB\n")
    add_process(tmp_path, 13, 1, "Pss: 5000 kB\n")
    assert tree_pss_bytes(10, tmp_path) == 123 * 1024


def test_a_child_that_has_just_ended_holds_nothing(tmp_path: Path) -> None:
    """Its entry is empty or unreadable; the others count."""
    add_process(tmp_path, 10, 1, "Pss: 100 kB\n")
    add_process(tmp_path, 11, 10, None)
    add_process(tmp_path, 12, 10, "")
    (tmp_path / "14").mkdir()
    (tmp_path / "14" / "stat").write_text("", encoding="ascii")
    (tmp_path / "15" / "stat").mkdir(parents=True)
    assert tree_pss_bytes(10, tmp_path) == 100 * 1024


def test_a_system_that_does_not_tell_gives_none(tmp_path: Path) -> None:
    """Without /proc nothing is guessed."""
    assert tree_pss_bytes(10, tmp_path) is None


@pytest.mark.skipif(not (PROC / "self" / "smaps_rollup").exists(), reason="needs smaps_rollup")
def test_this_process_has_a_size() -> None:
    """The kernel's own files are read."""
    found = tree_pss_bytes(os.getpid())
    assert found is not None
    assert found > 1_000_000
