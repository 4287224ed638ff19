"""Plug-ins of DVC's: by the schemes that its configuration names, and no other."""

from itertools import combinations
from pathlib import Path

import pytest
from dvc.dirs import global_config_dir, system_config_dir

from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.environment.install import LOCK, expected
from twinserve.delivery.environment.remotes import (
    SCHEMES,
    lock_of,
    marks,
    schemes,
    with_plug_ins,
)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree with locks of every scheme, and no user's configuration beside it."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / "locks").mkdir()
    for scheme in SCHEMES:
        (tmp_path / lock_of(scheme)).write_text(f"{scheme}==1\n")
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path / "global"))
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path / "system"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_default_repository_asks_for_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No package more than without remotes."""
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("DVC_SYSTEM_CONFIG_DIR", str(tmp_path))
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text((ROOT / ".dvc" / "config").read_text())
    assert schemes(tmp_path) == []


@pytest.mark.parametrize(
    ("name", "text", "groups"),
    [
        (".dvc/config", "['remote \"a\"']\n    url = s3://bucket/x\n", ["s3"]),
        (".dvc/config.local", "['remote \"a\"']\nurl = ssh://host/x\n", ["ssh"]),
        ("global/config", "['remote \"a\"']\n    url = azure://container\n", ["azure"]),
        ("system/config", "['remote \"a\"']\n    url = s3://bucket\n", ["s3"]),
        (".dvc/config", "['remote \"a\"']\n    url = gs://bucket\n    # s3://no\n", []),
        (".dvc/config", "['remote \"a\"']\n    url = https://host/s3://x\n", []),
        ("data/t.csv.dvc", "deps:\n- etag: 1\n  path: s3://bucket/t.csv\nouts: []\n", ["s3"]),
        ("data/t.csv.dvc", "deps:\n- path: ssh://host/t.csv\n", ["ssh"]),
        ("data/t.csv.dvc", "outs:\n- path: t.csv\n", []),
    ],
)
def test_scheme_is_asked_for_by_a_remote_or_an_import(
    tree: Path, name: str, text: str, groups: list[str]
) -> None:
    """In the tree's configuration, its own alone, the user's, the machine's; a source's address."""
    (tree / name).parent.mkdir(exist_ok=True)
    (tree / name).write_text(text)
    assert schemes() == groups


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"])
def test_configurations_are_where_dvc_looks_for_them(
    tree: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    """The user's and the machine's, in the folders that DVC itself names."""
    for name in ("GLOBAL", "SYSTEM"):
        monkeypatch.delenv(f"DVC_{name}_CONFIG_DIR")
    for name in ("XDG_CONFIG_HOME", "XDG_CONFIG_DIRS"):
        monkeypatch.setenv(name, str(tree / name))
    find = {"XDG_CONFIG_HOME": global_config_dir, "XDG_CONFIG_DIRS": system_config_dir}
    folder = Path(find[variable]())
    folder.mkdir(parents=True)
    (folder / "config").write_text("['remote \"a\"']\n    url = ssh://host/x\n")
    assert schemes() == ["ssh"]


def test_environment_is_known_by_its_plug_ins(tree: Path) -> None:
    """Another scheme, or another content of its lock, is another environment."""
    (tree / ".venv").mkdir()
    bare = expected()
    (tree / ".dvc/config").write_text("['remote \"a\"']\n    url = s3://bucket\n")
    first = expected()
    (tree / lock_of("s3")).write_text("s3==2\n")
    assert len({bare, first, expected()}) == 3
    assert [mark.partition("-")[0] for mark in marks()] == ["s3"]


def test_plug_in_adds_and_takes_back() -> None:
    """What a scheme's lock has otherwise counts; everything else is as in the widest."""
    widest = "one==1 \\\n    --hash=a\ntwo==2 \\\n    --hash=b\n"
    own = "plug==5 \\\n    --hash=c\ntwo==1.9 \\\n    --hash=d\none==1 \\\n    --hash=a\n"
    whole = with_plug_ins(widest, {"s3": own})
    assert whole == "one==1 \\\n    --hash=a\ntwo==1.9 \\\n    --hash=d\nplug==5 \\\n    --hash=c\n"
    assert with_plug_ins(widest, {}) == widest


def test_two_that_want_another_version_are_refused_in_a_line() -> None:
    """Whichever comes first; one that is content with the widest's is no reason."""
    widest = "two==2\n"
    locks = {"azure": "two==2.5\n", "s3": "two==1.9\n", "ssh": "two==2\n"}
    with pytest.raises(UserError) as refused:
        with_plug_ins(widest, locks)
    line = str(refused.value)
    assert "azure:// and s3:// cannot live in one environment" in line
    assert "another two" in line
    assert "\n" not in line
    for pair in (("azure", "ssh"), ("ssh", "azure"), ("s3", "ssh"), ("ssh", "s3")):
        with_plug_ins(widest, {name: locks[name] for name in pair})


@pytest.mark.parametrize("pair", combinations(SCHEMES, 2))
def test_locks_that_are_committed_go_together(pair: tuple[str, str]) -> None:
    """Each two of them, and each takes back no library that makes or serves a model."""
    widest = (ROOT / LOCK).read_text()
    whole = with_plug_ins(widest, {name: (ROOT / lock_of(name)).read_text() for name in pair})
    for library in ("joblib", "numpy", "onnxruntime", "scikit-learn", "pydantic"):
        (pin,) = [line for line in widest.splitlines() if line.startswith(f"{library}==")]
        assert pin in whole
