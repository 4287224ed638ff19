"""A program that is run with a limit, in a process group of its own that ends as a whole."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO

from twinserve.config.errors import UserError

# What a program gets to end by itself, once it was told to.
GRACE_S = 2.0
POLL_S = 0.02

OnLine = Callable[[str], None]


class ExpiredError(Exception):
    """A program had not ended when its time was over; it has by now."""


class EndedError(UserError):
    """Nothing more is started: whoever waits for these programs is about to undo what they did."""


@dataclass(frozen=True, slots=True)
class Done:
    """A program that has ended."""

    code: int
    printed: str
    errors: str


@dataclass(slots=True)
class Children:
    """The programs that run now, from whichever thread, so that all can be ended at once."""

    _running: set[int] = field(default_factory=set)
    _asked: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _ended: bool = False

    def run(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str],
        content: str | None,
        limit_s: float,
        on_line: OnLine,
    ) -> Done:
        """Run it to its end; ``on_line`` gets what it prints on stderr, as it comes.

        Whatever is raised meanwhile, an interrupt included, the program's group has ended by then.

        Raises:
            ExpiredError: it took longer than ``limit_s``.
            EndedError: ``end`` was called before, or while it ran.
        """
        process = self._start(command, environment, piped=content is not None)
        lines: list[str] = []
        errors, process.stderr = process.stderr, None
        assert errors is not None  # noqa: S101 - a pipe
        # Read beside `communicate`, so that lines show as they come.
        listener = threading.Thread(target=_listen, args=(errors, lines, on_line), daemon=True)
        try:
            listener.start()
            printed, _ = process.communicate(content, timeout=limit_s)
        except subprocess.TimeoutExpired:
            raise ExpiredError from None
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process.pid)
            # What it has started may hold its end of the pipe, out of its group.
            listener.join(GRACE_S)
        # A program may make an error of its own of a signal, as gcloud does.
        if process.returncode and process.pid in self._asked:
            raise EndedError(f"{command[0]} was ended")
        return Done(process.returncode, printed, "".join(lines))

    def end(self) -> None:
        """End every program that runs, first by asking, then without; start none any more."""
        deadline = time.monotonic() + GRACE_S
        with self._lock:
            self._ended = True
            self._asked |= self._running
        for number in (signal.SIGTERM, signal.SIGKILL):
            with self._lock:
                for pid in self._running:
                    _signal(pid, number)
            while self._running and time.monotonic() < deadline:
                time.sleep(POLL_S)

    def _start(
        self, command: Sequence[str], environment: Mapping[str, str], *, piped: bool
    ) -> subprocess.Popen[str]:
        with self._lock:
            if self._ended:
                raise EndedError(f"{command[0]} was not started: this is being ended")
            process = subprocess.Popen(
                [*_bound(), *command],
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                # What it prints may be a file that somebody has damaged.
                errors="replace",
                env=dict(environment),
                start_new_session=True,
            )
            self._running.add(process.pid)
            return process


def _bound() -> tuple[str, ...]:
    """Words before a command that end it with the thread that waits for it, even by SIGKILL.

    Linux's ``prctl(PR_SET_PDEATHSIG)``, by util-linux's program: Python's ``preexec_fn`` may hang
    where there are threads. Without the program, as on macOS, a call that is under way when its
    caller is killed goes on to its own end.
    """
    program = shutil.which("setpriv") if sys.platform == "linux" else None
    return (program, "--pdeathsig", "KILL", "--") if program else ()


def _end(process: subprocess.Popen[str]) -> None:
    """End the whole group, unless the program has ended by itself: by asking, then without."""
    if process.poll() is not None:
        return
    _signal(process.pid, signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_S)
    _signal(process.pid, signal.SIGKILL)
    process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _listen(stream: IO[str], lines: list[str], on_line: OnLine) -> None:
    with stream:
        for line in stream:
            lines.append(line)
            if text := line.strip():
                on_line(text)


def end_as_interrupted() -> None:
    """Take SIGTERM for Ctrl-C: what was begun is put back, and programs are ended, first."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
