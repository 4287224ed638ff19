"""What git, DVC's files and dvc.lock say of one source: one line where they do not agree."""

import hashlib
import os
import subprocess
import time
from pathlib import Path

import pytest
import yaml

from tests.tools import require
from twinserve.config.errors import UserError
from twinserve.delivery.data.agreement import (
    check_current,
    check_lock,
    check_one_place,
    check_written,
    written,
)
from twinserve.delivery.data.sources import find_sources

OLD, NEW = "0" * 32, "1" * 32


def lay(root: Path, digest: str, read: str | None, path: str = "table.csv") -> Path:
    """A source that names one digest, and a lock whose stage has read another."""
    file = root / "data" / f"{path}.dvc"
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump({"outs": [{"md5": digest, "size": 3, "path": path}]}))
    deps = [{"path": f"data/{path}", "md5": read}] if read else []
    lock = root / "dvc.lock"
    lock.write_text(yaml.safe_dump({"stages": {"prepare": {"deps": deps}}}))
    return lock


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_changed_table_whose_pipeline_was_not_run_is_named(root: Path) -> None:
    """Both digests, the stage, and what is to be done."""
    lock = lay(root, NEW, OLD)
    with pytest.raises(UserError) as refused:
        check_lock(find_sources(), Path(lock.name))
    line = str(refused.value)
    assert line.startswith("data/table.csv: changed without `dvc repro`: data/table.csv.dvc names")
    assert "11111111…, dvc.lock 00000000… (stage prepare)" in line
    assert "`make repro`" in line
    assert "`dvc push`" in line
    assert "\n" not in line


@pytest.mark.parametrize("read", [OLD, None])
def test_source_that_was_read_as_it_is_or_never_agrees(root: Path, read: str | None) -> None:
    """Nothing is said."""
    lock = lay(root, OLD, read)
    check_lock(find_sources(), Path(lock.name))
    lock.unlink()
    check_lock(find_sources(), Path(lock.name))


@pytest.mark.parametrize("path", ["table.csv", "pictures"])
def test_source_that_git_keeps_too_is_named(root: Path, path: str) -> None:
    """A file, or a folder of which git keeps one; without a history nobody is asked."""
    lay(root, OLD, OLD, path)
    place = root / "data" / path
    if path == "pictures":
        place.mkdir()
        place = place / "one.png"
    place.write_text("1")
    check_one_place(find_sources())
    git = [require("git"), "-C", str(root)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    check_one_place(find_sources())
    subprocess.run([*git, "add", "--force", str(place)], check=True)
    with pytest.raises(UserError) as refused:
        check_one_place(find_sources())
    assert f"data/{path}: both in git and under DVC (data/{path}.dvc)" in str(refused.value)
    assert f"`git rm -r --cached data/{path}`" in str(refused.value)


def test_source_that_dvc_had_to_hash_anew_is_named(root: Path) -> None:
    """Its file was written anew while the pipeline ran: it had been changed before."""
    lay(root, OLD, OLD)
    before = written(find_sources())
    check_written(before)
    lay(root, NEW, NEW)
    with pytest.raises(UserError, match=r"data/table\.csv: is not what data/table\.csv\.dvc said"):
        check_written(before)


@pytest.mark.parametrize("text", ["{", "[]", "outs: 5", "outs: [5]", "outs: [{path: 5}]"])
def test_broken_source_is_one_line(root: Path, text: str) -> None:
    """With the file's name and its cure."""
    (root / "table.csv.dvc").write_text(text)
    with pytest.raises(UserError, match=r"table\.csv\.dvc"):
        find_sources()


def test_folder_that_dvc_keeps_is_not_looked_into(root: Path) -> None:
    """Millions of files may be in it, and what looks like a source there is none."""
    lay(root, f"{OLD}.dir", None, "pictures")
    inner = root / "data" / "pictures"
    inner.mkdir()
    (inner / "not.dvc").write_text("{")
    assert [source.path for source in find_sources()] == [Path("data/pictures")]


def test_table_of_before_a_pull_is_refused_and_a_changed_one_is_not(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line has both digests, the way on and the way back; nothing is written."""
    before, after, mine = (f"{number}\n" for number in (1, 2, 3))
    older, newer = (
        hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in (before, after)
    )
    git = [require("git"), "-C", str(root), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run([*git, "init", "--quiet"], check=True)
    table = root / "data" / "table.csv"
    for digest in (older, newer):
        lay(root, digest, digest)
        subprocess.run([*git, "add", "data/table.csv.dvc"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--message=table"], check=True)
    table.write_text(before)
    with pytest.raises(UserError) as refused:
        check_current(find_sources())
    line = str(refused.value)
    assert line.startswith(f"data/table.csv: is the table of before ({older[:8]}…); data/table.csv")
    assert f"names {newer[:8]}…" in line
    assert "`dvc pull data/table.csv.dvc`" in line
    assert "`dvc add data/table.csv`" in line
    for text in (after, mine):
        table.write_text(text)
        check_current(find_sources())
    # What was looked at is not read again, until it comes anew or another one is named.
    table.write_text(after)
    checked = root / ".cache/tables-checked" / f"{newer}-data+table.csv"
    later = time.time_ns() + 10**10
    os.utime(checked, ns=(later, later))
    with monkeypatch.context() as unread:
        unread.setattr(hashlib, "file_digest", None)
        check_current(find_sources())
    lay(root, older, older)
    with pytest.raises(UserError, match="is the table of before"):
        check_current(find_sources())
    lay(root, newer, newer)
    # `dvc add` of the older one makes it the one that is named.
    lay(root, older, older)
    table.write_text(before)
    check_current(find_sources())
