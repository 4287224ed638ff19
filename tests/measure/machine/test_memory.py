"""PSS of a process tree."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from twinserve.measure.machine.memory import tree_pss_bytes
from twinserve.targets.tree import kill, process_tree

MEGABYTES = 1_000_000
HELD = 40 * MEGABYTES
# A process that holds little, whose child holds much.
FAMILY = f"""
import subprocess, sys
child = "held = b'x' * {HELD}; print(flush=True); import signal; signal.pause()"
subprocess.Popen([sys.executable, "-c", child]).wait()
"""

needs_rollup = pytest.mark.skipif(
    not Path("/proc/self/smaps_rollup").exists(), reason="needs smaps_rollup"
)


@needs_rollup
def test_what_a_child_holds_counts() -> None:
    """And only while it runs."""
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        parent.stdout.readline()
        both = tree_pss_bytes(parent.pid)
        alone = psutil.Process(parent.pid).memory_full_info().pss
        kill(process_tree(parent.pid))
    assert both is not None
    assert alone < HELD < both


def test_a_process_that_is_not_there_gives_none() -> None:
    """Nothing is guessed."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert tree_pss_bytes(ended.pid) is None


def test_a_system_that_does_not_tell_gives_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As macOS, where nobody counts shares."""
    monkeypatch.setattr(psutil.Process, "memory_full_info", psutil.Process.memory_info)
    assert tree_pss_bytes(os.getpid()) is None


@needs_rollup
def test_this_process_has_a_size() -> None:
    """As the kernel's own file says."""
    size = tree_pss_bytes(os.getpid())
    assert size is not None
    assert size > MEGABYTES
