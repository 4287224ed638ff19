"""Entries of DVC's run cache are held to their names before DVC takes what they name."""

import os
from pathlib import Path

import pytest
from dvc.utils import dict_sha256
from ruamel.yaml import YAML

from twinserve.config.errors import UserError
from twinserve.delivery.data.runs import verify_runs

ENTRY = {
    "cmd": "python -m twinserve.training.train",
    "deps": [{"path": "data/prepared/train.csv", "hash": "md5", "md5": "1" * 32, "size": 9}],
    "params": {"params.yaml": {"split.seed": 42, "estimator": {"arguments": {"tol": 1e-4}}}},
    "outs": [{"path": "models/fitted.pkl", "hash": "md5", "md5": "2" * 32, "size": 9}],
}


@pytest.fixture
def entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An entry of a cache as DVC writes it."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    unsized = {
        name: [{key: text for key, text in one.items() if key != "size"} for one in value]
        if isinstance(value, list)
        else value
        for name, value in ENTRY.items()
    }
    key = str(dict_sha256(unsized | {"outs": ["models/fitted.pkl"]}))
    path = Path(".dvc/cache/runs") / key[:2] / key / str(dict_sha256(unsized))
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        YAML(typ="safe", pure=True).dump(ENTRY, file)
    return path


def test_entry_as_dvc_wrote_it_holds(entry: Path) -> None:
    """Numbers as YAML writes them, sizes that count for nothing; and twice over."""
    verify_runs()
    verify_runs()
    assert entry.exists()


def test_tree_without_a_run_cache_is_not_kept_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is nothing to compare."""
    monkeypatch.chdir(tmp_path)
    Path(".dvc").mkdir()
    verify_runs()
    assert not Path(".cache").exists()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("models/fitted.pkl", "twinserve/__init__.py"),
        ("2" * 32, "3" * 32),
        ("split.seed: 42", "split.seed: 43"),
        ("cmd: python", "cmd: cython"),
    ],
)
def test_entry_that_was_written_over_is_refused(entry: Path, old: str, new: str) -> None:
    """Another file, other bytes, other inputs: one line names the entry."""
    text = entry.read_text()
    assert old in text
    entry.write_text(text.replace(old, new))
    with pytest.raises(UserError, match="is not what its name says; it is not taken") as refused:
        verify_runs()
    assert str(entry) in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"[", b"\xff", b"outs: 5", b"- 1", b"outs: [1]"])
def test_what_is_no_entry_is_refused(entry: Path, content: bytes) -> None:
    """In the same line, whatever it is."""
    entry.write_bytes(content)
    with pytest.raises(UserError, match="is not what its name says"):
        verify_runs()


def test_entry_that_comes_later_is_compared_too(entry: Path) -> None:
    """Though it bears an older time than the last comparison."""
    verify_runs()
    other = entry.with_name("0" * 64)
    other.write_bytes(entry.read_bytes())
    os.utime(other, (0, 0))
    with pytest.raises(UserError, match="is not what its name says"):
        verify_runs()
