"""Work shared among processes, its results in the order of the work, with little of it waiting."""

import gc
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

from twinserve.config.errors import UserError


class EndedError(UserError):
    """A process was ended from outside: what was scored before is right."""


Work = TypeVar("Work")
Done = TypeVar("Done")
# For each process: the piece that it works on, and the next one.
_IN_FLIGHT = 2


def cores() -> int:
    """The number of cores that this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


def in_order(
    function: Callable[[Work], Done],
    work: Iterable[Work],
    processes: int,
    begin: Callable[..., None],
    *arguments: Any,  # noqa: ANN401 - of `begin`, which each process calls once
) -> Iterator[Done]:
    """What ``function`` makes of each piece of work.

    Raises:
        EndedError: a process was ended from outside.
    """
    if processes == 1:
        begin(*arguments)
        yield from map(function, work)
        return
    # A process that is forked has imported everything already; Python forks on Linux alone.
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(processes, context, _begin, (begin, arguments))
    waiting: deque[Future[Done]] = deque()
    try:
        for piece in work:
            waiting.append(pool.submit(function, piece))
            if len(waiting) >= processes * _IN_FLIGHT:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool:
        raise EndedError(
            "a process that scored rows was ended from outside, as where memory runs out; the same "
            "command goes on where it stopped, --processes 1 needs less"
        ) from None
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(begin: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """In a process of the pool: Ctrl-C is for its parent to obey, and it ends when that has."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # Rows are lists of lists, none of which ever holds itself.
    gc.disable()
    begin(*arguments)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
