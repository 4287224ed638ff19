"""The processes that a process has started, and those that these have."""

import os
import signal
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
# Where proc(5) has them, behind the command's name.
PARENT, SESSION, BEGAN = 1, 3, 19


@dataclass(frozen=True, slots=True)
class Process:
    """One of them; ``began`` tells it from a later one that was given its number."""

    pid: int
    parent: int
    session: int
    began: str


def process_tree(root: int, proc: Path = PROC) -> list[Process]:
    """``root``, everything below it and in its session; nothing where the kernel does not tell."""
    everything = [one for entry in proc.glob("[0-9]*") if (one := _read(entry)) is not None]
    members = {one.pid: one for one in everything if root in {one.pid, one.session}}
    while more := [one for one in everything if one.parent in members and one.pid not in members]:
        members |= {one.pid: one for one in more}
    return list(members.values())


def kill(processes: Iterable[Process]) -> None:
    """End those that still run, and none that has taken over the number of one that does not."""
    for process in processes:
        if (found := _read(PROC / str(process.pid))) and found.began == process.began:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


def _read(entry: Path) -> Process | None:
    try:
        # The command's name stands in brackets and may hold anything, brackets too.
        fields = (entry / "stat").read_text(encoding="latin-1").rpartition(")")[2].split()
        parent, session = int(fields[PARENT]), int(fields[SESSION])
        return Process(int(entry.name), parent, session, fields[BEGAN])
    except (OSError, IndexError, ValueError):
        return None
