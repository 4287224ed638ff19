"""Missing sources are fetched before a run; what cannot be had is one line with its cure."""

import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from dvc.repo import Repo

from tests.delivery.data.projects import CONTENT, TABLE, Project
from tests.tools import require
from twinserve.config.errors import UserError
from twinserve.delivery.data import fetch
from twinserve.delivery.data.fetch import fetch_sources


@pytest.fixture
def pushed(whole: Project, tmp_path: Path) -> Project:
    """A project whose sources are in its remote, which a test may spoil."""
    remote = tmp_path / "remote"
    shutil.copytree(whole.remote, remote)
    for path in remote.rglob("*"):
        path.chmod(path.stat().st_mode | stat.S_IWUSR)
    made = Project(whole.directory, remote).clone(tmp_path / "one")
    config = made.path(".dvc/config")
    config.write_text(config.read_text().replace(str(whole.remote), str(remote)))
    return made


@pytest.fixture
def clone(pushed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A fresh clone of it, as the current folder."""
    made = pushed.clone(tmp_path / "two")
    monkeypatch.chdir(made.directory)
    return made


def refusal() -> str:
    """The line that fetching ends with."""
    with pytest.raises(UserError) as refused:
        fetch_sources()
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_missing_sources_are_fetched_and_nothing_else(
    clone: Project, capfd: pytest.CaptureFixture[str]
) -> None:
    """File and folder that a stage reads; not what no stage reads, nor any output."""
    before = {name: clone.path(name).read_bytes() for name in (".dvc/config", *clone.sources())}
    fetch_sources()
    assert clone.path(TABLE).read_text() == CONTENT
    assert clone.path("pictures/two").read_text() == "22"
    assert not clone.path("unread").exists()
    assert not clone.path("out").exists()
    assert before == {name: clone.path(name).read_bytes() for name in before}
    assert "fetching data/table.csv, pictures (" in capfd.readouterr().err


def test_every_remote_is_verified_in_this_tree_alone(clone: Project) -> None:
    """By DVC's own option, in the file that git does not keep, which is written once."""
    with clone.path(".dvc/config").open("a") as file:
        file.write("['remote \"other\"']\n    url = /elsewhere\n    verify = false\n")
    fetch_sources()
    written = clone.path(".dvc/config.local").read_text()
    assert written.split() == [
        "['remote", '"store"\']', "verify", "=", "True",
        "['remote", '"other"\']', "verify", "=", "True",
    ]  # fmt: skip


def test_tree_that_misses_nothing_does_not_start_dvc(
    clone: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor ask any remote."""
    fetch_sources()
    clone.path("unread").write_text("here too")
    monkeypatch.setattr(fetch, "run_module", lambda *_, **__: pytest.fail("DVC is started"))
    fetch_sources()


def spoil_absent(project: Project) -> None:
    project.object_of(TABLE).unlink()


def spoil_tampered(project: Project) -> None:
    project.object_of(TABLE).write_text("a,b\n1,3\n")


def spoil_cut(project: Project) -> None:
    project.object_of(TABLE).write_text(CONTENT[:5])


def spoil_gone(project: Project) -> None:
    project.remote.rename(project.remote.with_name("away"))


def spoil_unnamed(project: Project) -> None:
    project.path(".dvc/config").write_text("[core]\n    no_scm = true\n")


def spoil_size(project: Project) -> None:
    path = project.path(f"{TABLE}.dvc")
    path.write_text(path.read_text().replace(f"size: {len(CONTENT)}", "size: 8000000000000000"))


PUSH = "run `dvc push data/table.csv.dvc` on the machine that has it"


@pytest.mark.parametrize(
    ("spoil", "parts"),
    [
        (spoil_absent, ("neither here nor in the remote store (", PUSH)),
        (spoil_tampered, ("is not what data/table.csv.dvc says and was refused", PUSH)),
        (spoil_cut, ("is not what data/table.csv.dvc says and was refused", PUSH)),
        (spoil_gone, ("the remote store (", "there is no folder", "ask for access")),
        (spoil_unnamed, ("no remote is set", "`dvc remote add --default NAME URL`", PUSH)),
        (spoil_size, ("are needed on the disk of", "are free; make room")),
    ],
)
def test_what_cannot_be_had_is_one_line(
    clone: Project, spoil: Callable[[Project], None], parts: tuple[str, ...]
) -> None:
    """Which file, which remote, what to do; the file is not in the tree."""
    spoil(clone)
    line = refusal()
    assert line.startswith("data/table.csv: ")
    assert all(part in line for part in parts), line
    assert line.endswith("nothing that was made before has changed")
    assert not clone.path(TABLE).exists()


def test_login_in_an_address_is_not_shown(clone: Project) -> None:
    """Whatever stands before the host."""
    config = clone.path(".dvc/config")
    url = "http://somebody:secret@127.0.0.1:9/data"
    config.write_text(config.read_text().replace(str(clone.remote), url))
    line = refusal()
    assert "store (http://127.0.0.1:9/data)" in line
    assert "secret" not in line


def test_spoilt_copy_in_the_cache_is_not_put_into_the_tree(clone: Project) -> None:
    """It is write-protected, so DVC itself would take it at its word."""
    fetch_sources()
    cached = clone.object_of(TABLE, clone.path(".dvc/cache"))
    clone.path(TABLE).unlink()
    cached.chmod(0o644)
    cached.write_text("a,b\n1,3\n")
    cached.chmod(0o444)
    assert "DVC's cached copy of data/table.csv is not what" in refusal()
    assert not clone.path(TABLE).exists()


def test_what_came_whole_is_not_fetched_again(clone: Project) -> None:
    """One object gone: the others are in the cache, and a remote without them does no more harm."""
    gone = clone.object_of(TABLE)
    content = gone.read_bytes()
    gone.unlink()
    assert "data/table.csv" in refusal()
    for path in clone.remote.rglob("*"):
        if path.is_file():
            path.unlink()
    gone.write_bytes(content)
    fetch_sources()
    assert clone.path("pictures/one").read_text() == "1"


def test_imports_are_fetched_from_where_they_come_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`dvc import-url` and `dvc import`, with no remote of one's own."""
    upstream = tmp_path / "upstream"
    upstream.mkdir()
    (upstream / "rows.csv").write_text("x\n1\n")
    for words in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "Rows"),
    ):
        subprocess.run([require("git"), "-C", str(upstream), *words], check=True)
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.chdir(own)
    stage = {"cmd": "true", "deps": ["linked.csv", "taken.csv"]}
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"read": stage}}))
    outside = tmp_path / "outside.csv"
    outside.write_text("y\n2\n")
    with Repo.init(no_scm=True) as repo:
        repo.imp_url(str(outside), "linked.csv")
        repo.imp(str(upstream), "rows.csv", "taken.csv")
    fresh = Project(own, tmp_path / "none").clone(tmp_path / "fresh")
    fresh.path(".dvc/config").write_text("[core]\n    no_scm = true\n")
    monkeypatch.chdir(fresh.directory)
    fetch_sources()
    assert fresh.path("linked.csv").read_text() == "y\n2\n"
    assert fresh.path("taken.csv").read_text() == "x\n1\n"
