"""Which processes belong together, and that no other one is ended."""

import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from twinserve.targets.tree import kill, process_tree

FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"],
                         start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""
# The one in between ends, so that the last one has another parent, but its session.
ORPHAN = """
import subprocess, sys
between = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
subprocess.run([sys.executable, "-c", between], check=True)
print(flush=True)
sys.stdin.read()
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
    assert [member.pid for member in process_tree(parent.pid)] == [parent.pid, child]


def test_who_has_lost_its_parent_is_in_the_tree_of_its_session() -> None:
    """A worker whose starter has ended is still the server's."""
    command = [sys.executable, "-c", ORPHAN]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as leader:
        assert leader.stdout
        orphan = int(leader.stdout.readline())
        leader.stdout.readline()
        tree = process_tree(leader.pid)
        kill(tree)
    assert [member.pid for member in tree] == [leader.pid, orphan]


def test_none_is_ended_for_another_that_had_its_number(
    family: tuple[subprocess.Popen[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number is given again; when the process began is not."""
    parent, child = family
    (_, started) = process_tree(parent.pid)
    with monkeypatch.context() as earlier:
        earlier.setattr(started, "_ident", (child, started.create_time() - 60))
        kill([started])
    assert psutil.pid_exists(child)
    assert parent.poll() is None
    kill(process_tree(parent.pid)[1:])
    assert parent.wait() == 0
    kill([started])
    assert child not in [member.pid for member in process_tree(child)]
