"""What a target needs of the machine that it runs on, and what it makes of less."""

import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from tests import wire
from tests.tools import run, write_program
from twinserve.inference.http.limits import Limits
from twinserve.targets.local import local_service, local_target
from twinserve.targets.ready import wait_until_answering

NO_TEMPORARY_FOLDER = """\
import tempfile

def refused(*_arguments, **_options):
    raise FileNotFoundError("no usable temporary directory")

tempfile.gettempdir = tempfile._get_default_tempdir = tempfile.mkstemp = refused
"""
FEW = 64


@pytest.mark.parametrize("name", ["service", "function"])
def test_no_folder_to_write_to_is_needed(name: str, dist: Path, tmp_path: Path) -> None:
    """Neither a temporary one, nor the home: nothing is written at all."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "sitecustomize.py").write_text(NO_TEMPORARY_FOLDER)
    target = local_target(name, dist / name)
    variables = {**target.environment, "PYTHONPATH": str(tmp_path), "HOME": str(home)}
    with replace(target, environment=variables).start() as endpoint:
        wait_until_answering(endpoint)
        port = int(endpoint.url.rpartition(":")[2])
        assert wire.statuses(wire.exchange(port, wire.post())) == [200]
        assert list(home.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="sets another process's limit")
@pytest.mark.parametrize("name", ["service", "function"])
def test_idle_crowd_keeps_nobody_out(name: str, dist: Path, tmp_path: Path) -> None:
    """With few descriptors and more idle connections than those, whoever asks is answered."""
    shim = tmp_path / "few"
    write_program(shim, f'#!/bin/sh\nulimit -n {FEW}\nexec "$@"\n')
    target = local_target(name, dist / name)
    with (
        replace(target, command=(str(shim), *target.command)).start() as endpoint,
        ExitStack() as held,
    ):
        wait_until_answering(endpoint)
        port = int(endpoint.url.rpartition(":")[2])
        for _ in range(FEW + FEW // 2):
            held.enter_context(wire.connect(port))
        for _ in range(5):
            assert wire.statuses(wire.exchange(port, wire.post())) == [200]


def test_limits_are_lowered_to_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections and those that the kernel hands over at once fit into what may be open."""
    for allowed in (24, FEW, 1024, 4096, 1_048_576):
        monkeypatch.setattr(os, "sysconf", {"SC_OPEN_MAX": allowed}.__getitem__)
        limits = Limits()
        queue = limits.fit()
        assert queue >= 1
        assert 1 <= limits.at_most <= 1000
        assert limits.at_most + queue <= max(4, allowed - 24)
    monkeypatch.setattr(os, "sysconf", {"SC_OPEN_MAX": -1}.__getitem__)
    assert Limits().fit() > 1000


@pytest.mark.parametrize("port", ["http", "-1", "65536", "²", "9" * 5000, "8080 ", ""])
def test_port_that_is_none_is_told(dist: Path, port: str) -> None:
    """A PORT that is no port ends the service with the variable's name, in one line."""
    target = local_service(dist / "service")
    done = run(target.command, cwd=target.directory, env={**target.environment, "PORT": port})
    expected = f"error: PORT must be a number below 65536, found {port[:40]!r}\n"
    assert (done.returncode, done.stderr) == (1, expected)
