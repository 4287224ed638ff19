"""The processes that a process has started, and those that these have."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil


def process_tree(root: int) -> list[psutil.Process]:
    """``root``, the processes of its session, and what all of them have started."""
    members = [process for process in _processes() if root in _numbers(process.pid)]
    for member in tuple(members):
        with suppress(psutil.NoSuchProcess):
            members += member.children(recursive=True)
    return list(dict.fromkeys(members))


def kill(processes: Iterable[psutil.Process]) -> None:
    """End those that still run, and none that has taken over the number of one that does not."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _processes() -> Iterator[psutil.Process]:
    # Not `psutil.process_iter`: it may give a process of an earlier call whose number another has.
    for pid in psutil.pids():
        with suppress(psutil.NoSuchProcess):
            yield psutil.Process(pid)


def _numbers(pid: int) -> tuple[int, ...]:
    """The numbers of the process and of its session."""
    try:
        return pid, os.getsid(pid)
    except OSError:
        return (pid,)
