"""The log waits for nobody, keeps its lines apart, and tells what it had to drop."""

import json
import os
import select
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from twinserve.inference.logs import (
    MOST_LINE_BYTES,
    MOST_WAITING_BYTES,
    Output,
    event_line,
    shortened,
)
from twinserve.inference.telemetry import RequestLog

LINE = b'{"a": 1}\n'


@contextmanager
def pipe() -> Iterator[tuple[int, int]]:
    """Both ends of one."""
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        os.close(reader)
        os.close(writer)


def read_all(reader: int) -> bytes:
    """What is there now."""
    content = b""
    while select.select([reader], [], [], 0)[0]:
        content += os.read(reader, 65536)
    return content


def stalled(output: Output) -> int:
    """Write until lines are dropped; how many were written."""
    lines = 0
    while not output.dropped:
        output.write(LINE)
        lines += 1
        assert lines < 10 * (MOST_WAITING_BYTES + 1024 * 1024) // len(LINE)
    return lines


def told(lines: list[bytes]) -> int:
    """How many lines were dropped, by the log itself."""
    return sum(int(json.loads(line).get("dropped", "0")) for line in lines)


def test_stalled_reader_delays_nobody_and_is_told_what_it_missed() -> None:
    """Every line that was not dropped comes whole and once; the number of the others follows."""
    with pipe() as (reader, writer):
        output = Output(writer)
        output.never_wait()
        written = stalled(output)
        content = b""
        while not output.flush():
            content += read_all(reader)
        content += read_all(reader)
    lines = content.splitlines(keepends=True)
    assert lines.count(LINE) == written - output.dropped
    assert told(lines[-1:]) == output.dropped == 1
    assert len(lines) == written - output.dropped + 1


def test_others_who_share_the_pipe_still_wait_for_it() -> None:
    """Only our own writing is changed: a program that was started with us does not see it fail."""
    with pipe() as (_, writer):
        Output(writer).never_wait()
        assert os.get_blocking(writer)


def test_what_cannot_be_opened_anew_is_asked_for_room_first() -> None:
    """A socket, or another user's pipe."""
    reader, writer = socket.socketpair()
    with reader, writer:
        output = Output(writer.fileno())
        output.never_wait()
        written = stalled(output)
        content = b""
        reader.settimeout(0)
        while not output.flush():
            content += reader.recv(1 << 20)
        content += reader.recv(1 << 20)
        assert content.count(LINE) == written - output.dropped


def test_file_keeps_what_it_holds() -> None:
    """A file is written to where it was left, as its other writers expect."""
    with tempfile.TemporaryFile() as file:
        file.write(b"before\n")
        file.flush()
        output = Output(file.fileno())
        output.never_wait()
        output.write(LINE)
        file.seek(0)
        assert file.read() == b"before\n" + LINE


def test_end_waits_for_a_reader_only_so_long() -> None:
    """With nobody reading, the last lines are given up."""
    with pipe() as (_, writer):
        output = Output(writer)
        output.never_wait()
        stalled(output)
        assert not output.flush_within(0.05)


@pytest.mark.parametrize("character", ["a", "é", "\N{PILE OF POO}", '"', "\n"])
def test_no_line_is_longer_than_a_pipe_keeps_whole(
    character: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """Neither a request's, whatever its path, nor an event's, whatever its text."""
    scope = {"method": "GET", "path": "/" + 30_000 * character}
    RequestLog().request(scope, 404, 1000, "x" * 64, "0" * 32)
    written = capfd.readouterr().out.encode()
    for line in (written, event_line("ERROR", 30_000 * character, logger="here")):
        assert MOST_LINE_BYTES // 3 < len(line) <= MOST_LINE_BYTES
        assert line.count(b"\n") == 1
        assert "…" in json.dumps(json.loads(line), ensure_ascii=False)


def test_of_a_long_traceback_the_end_is_kept() -> None:
    """That is where it says what happened."""
    assert json.loads(event_line("ERROR", "x" * 9000 + "KeyError"))["message"].endswith("KeyError")
    assert shortened("abcdefgh" * 9, 40).startswith("abc")
    assert shortened("short", 40) == "short"


def test_long_paths_are_not_remembered() -> None:
    """What recurs is; a stranger's long paths would take memory for good."""
    log = RequestLog()
    for number in range(100):
        scope = {"method": "GET", "path": f"/{number}" + "x" * 30_000}
        log.request(scope, 404, 1000, "id", None)
    assert not log._escaped  # noqa: SLF001


def test_closed_log_costs_nothing() -> None:
    """A process that was started without stdout answers all the same."""
    with pipe() as (_, writer):
        closed = os.dup(writer)
    os.close(closed)
    output = Output(closed)
    output.never_wait()
    output.write(LINE)
    assert output.flush()
