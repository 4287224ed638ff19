"""Which processes belong together, and that no other one is ended."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from twinserve.targets.tree import PROC, kill, process_tree

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="needs /proc")
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"],
                         start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A process and the number of its child, which has a session of its own."""
    command = [sys.executable, "-c", FAMILY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        yield parent, int(parent.stdout.readline())
        kill(process_tree(parent.pid))


def test_a_tree_is_the_process_and_what_it_has_started(
    family: tuple[subprocess.Popen[str], int],
) -> None:
    """Sessions do not matter, and nobody else is in it."""
    parent, child = family
    assert [one.pid for one in process_tree(parent.pid)] == [parent.pid, child]


def test_none_is_ended_for_another_that_had_its_number(
    family: tuple[subprocess.Popen[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number is given again; when the process began is not."""
    parent, child = family
    (_, started) = process_tree(parent.pid)
    ended: list[int] = []
    with monkeypatch.context() as watched:
        watched.setattr(os, "kill", lambda pid, _: ended.append(pid))
        kill([replace(started, began="1"), started])
    assert ended == [child]
    kill([started])
    assert parent.wait() == 0
    kill([started])
    assert child not in [one.pid for one in process_tree(child)]
