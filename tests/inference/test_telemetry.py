"""Instances: their age, their ids, and what they write when nobody reads."""

import logging
import os
import time
from pathlib import Path

import pytest

from twinserve.inference import logs
from twinserve.inference.first_line import FIRST_LINE_NS
from twinserve.inference.logs import write_line
from twinserve.inference.telemetry import Instance, process_start_ns

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")


def test_process_start_is_the_kernels() -> None:
    """The start lies before this line, and no earlier than a tick before the process's own."""
    started = process_start_ns()
    assert started < FIRST_LINE_NS
    assert abs(process_start_ns() - started) < TICK_NS


def test_process_start_without_proc_is_not_before_the_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where the kernel does not tell, processor time stands in, which can only be too late."""
    known = process_start_ns()

    def absent(_: Path) -> bytes:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_bytes", absent)
    monkeypatch.setattr(time, "process_time_ns", lambda: 1_000_000)
    assert known < process_start_ns() <= FIRST_LINE_NS


def test_forked_worker_is_another_instance() -> None:
    """A server that loads once and forks has an instance for each worker."""
    instance = Instance()
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.write(writer, instance.name.encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    assert os.read(reader, 100).decode() != instance.name
    os.close(reader)


def test_parts_of_the_start_add_up() -> None:
    """Each mark ends a part where the next begins."""
    instance = Instance()
    instance.mark("interpreter")
    instance.mark("imports")
    names = [part.partition(";")[0] for part in instance.start_cost.split(", ")]
    assert names == ["interpreter", "imports"]


def test_log_without_a_reader_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the pipe is gone the line is dropped, and that is all."""

    def gone(_fd: int, _data: bytes) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(os, "write", gone)
    write_line("a line\n")


def test_warnings_of_libraries_are_logged_as_json(capfd: pytest.CaptureFixture[str]) -> None:
    """A library's record becomes one line with its level as severity."""
    handler = logs.JsonHandler()
    handler.handle(logging.LogRecord("uvicorn", logging.ERROR, "", 0, "port %d", (80,), None))
    expected = '{"severity": "ERROR", "message": "port 80", "logger": "uvicorn"}\n'
    assert capfd.readouterr().out == expected


def test_installed_handler_takes_every_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Once installed, the root logger writes JSON."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    logs.install()
    (handler,) = logging.getLogger().handlers
    assert isinstance(handler, logs.JsonHandler)
