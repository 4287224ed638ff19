"""YAML is read as DVC reads it, and nothing in it hangs or ends in a traceback."""

import os
import time
from pathlib import Path

import pytest
from dvc.utils.serialize import parse_yaml as dvc_parse_yaml

from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.yaml_file import parse_yaml, read_yaml

ALIASES = "".join(
    f"{name}: &{name} [{', '.join(f'*{before}' for _ in range(10))}]\n"
    for before, name in zip("abcdefghij", "bcdefghijk", strict=True)
)
BOMB = f"a: &a [x]\n{ALIASES}"


@pytest.mark.parametrize(
    "text",
    ["1e2", "1E2", "-1e+3", "yes", "on", "No", "012", "0o17", "0x1F", "1:30", "1_000", "~", "''"],
)
def test_values_are_those_of_dvc(text: str) -> None:
    """A number is one for both, and so is a word."""
    ours = parse_yaml(f"a: {text}".encode(), "a file")
    assert ours == dvc_parse_yaml(f"a: {text}", "a file")
    assert type(ours["a"]) is type(dvc_parse_yaml(f"a: {text}", "a file")["a"])


def test_parameters_are_those_of_dvc() -> None:
    """The project's own file, too."""
    text = (PROJECT / "params.yaml").read_text()
    assert parse_yaml(text.encode(), "params.yaml") == dvc_parse_yaml(text, "params.yaml")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: \xff", "line 1: found byte 0xff, expected UTF-8 text"),
        (b"a: 1\n\nb: \xc3", "line 3: found byte 0xc3, expected UTF-8 text"),
        (BOMB.encode(), "holds more than 100,000 values, its aliases written out"),
        (b"a: &a [1, *a]", "line 1: an alias stands for what it is a part of"),
        (b"[" * 100_000, "nested deeper than 50 levels"),
        (b"- " * 3_000 + b"1", "nested deeper than 50 levels"),
        (b"{a: " * 60 + b"1" + b"}" * 60, "nested deeper than 50 levels"),
        (b"a: 1\na: 2", "not YAML: .*duplicate key"),
        (b"a: " + b"1" * 5_000, "not YAML: Exceeds the limit"),
        (b"a: !!bool perhaps", "not YAML: 'perhaps'"),
        (b"a: !!python/object:os.system x", "not YAML: could not determine a constructor"),
        (b"a: \x00", "not YAML: unacceptable character"),
    ],
)
def test_what_cannot_be_meant_is_one_line(content: bytes, expected: str) -> None:
    """At once, and with the file's name."""
    began = time.monotonic()
    with pytest.raises(UserError, match=f"^params.yaml: {expected}") as refused:
        parse_yaml(content, "params.yaml")
    assert "\n" not in str(refused.value)
    assert time.monotonic() - began < 5


def test_aliases_that_can_be_meant_stay() -> None:
    """One step of a Pipeline may be another's."""
    assert parse_yaml(b"a: &a {b: [1]}\nc: [*a, *a]", "")["c"] == [{"b": [1]}] * 2


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_one_line(make: object, tmp_path: Path) -> None:
    """A pipe is not waited for."""
    path = tmp_path / "params.yaml"
    make(path)  # type: ignore[operator] # one of two functions of a path
    with pytest.raises(UserError, match=r"params\.yaml: (not a file|Is a directory); run this"):
        load_params(path)


def test_large_file_is_not_read(tmp_path: Path) -> None:
    """A sparse file of 1 TB is no list of parameters."""
    path = tmp_path / "params.yaml"
    path.touch()
    os.truncate(path, 2**40)
    with pytest.raises(UserError, match="1,099,511,627,776 bytes, far too long; make it"):
        read_yaml(path, "make it")
