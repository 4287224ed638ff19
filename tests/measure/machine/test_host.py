"""The record of the machine."""

import os
from importlib import metadata
from pathlib import Path

import pytest

from twinserve.measure.machine.host import load_average, read_clock, read_machine


def test_the_processor_is_the_kernels_name_for_it(tmp_path: Path) -> None:
    """The first model name of cpuinfo."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n", encoding="ascii")
    host = read_machine(cpuinfo)
    assert host.cpu == "Some CPU @ 2 GHz"
    assert host.cores >= 1
    assert {library.name for library in host.libraries} >= {"numpy", "uvicorn"}


@pytest.mark.parametrize("content", [None, "processor\t: 0\n"])
def test_a_processor_without_a_name_is_called_by_its_kind(
    content: str | None, tmp_path: Path
) -> None:
    """No cpuinfo, or no name in it."""
    if content is not None:
        (tmp_path / "cpuinfo").write_text(content, encoding="ascii")
    assert read_machine(tmp_path / "cpuinfo").cpu


def test_clock_is_the_one_that_durations_are_measured_with(tmp_path: Path) -> None:
    """The call, the kernel's source, and how fine it is; a system may not tell the source."""
    (tmp_path / "source").write_text("tsc\n", encoding="ascii")
    clock = read_clock(tmp_path / "source")
    assert (clock.source, clock.call != "") == ("tsc", True)
    assert 0 < clock.resolution_ns <= 1e6
    assert read_clock(tmp_path / "none").source == ""
    assert read_machine().clock.call == clock.call


def test_what_a_system_lacks_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither affinity, nor load average, nor the libraries: no error."""

    def missing(_name: str) -> str:
        raise metadata.PackageNotFoundError

    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.delattr(os, "getloadavg", raising=False)
    monkeypatch.setattr(metadata, "version", missing)
    host = read_machine()
    assert host.cores >= 1
    assert host.libraries == ()
    assert load_average() is None
