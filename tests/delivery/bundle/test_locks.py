"""Lock files: hashed, naming no index, one version of each package everywhere."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.config.serving import LIBRARIES
from twinserve.delivery.bundle import locks as lock

LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PEERS = sorted((ROOT / "locks" / "peers").glob("*.txt"))
SERVERS = sorted((ROOT / "locks" / "servers").glob("*.txt"))
REMOTES = [path for path in LOCKS if path.stem.startswith(lock.REMOTE)]
# What tests of the night alone need, which make an environment of it.
NIGHTS_OWN = ("browser", "tables")
PINNED = re.compile(r"^([a-z0-9-]+)(?:\[[^]]+\])?==(\S+)", re.MULTILINE)


def pins(path: Path) -> set[tuple[str, str]]:
    """(package, version) of each line of a lock."""
    return set(PINNED.findall(path.read_text()))


def test_every_group_that_is_installed_has_a_lock() -> None:
    """The lock files are those that `make lock` writes, no more and no fewer."""
    groups = set(tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"])
    peers = {f"{lock.PEER}{path.stem}" for path in PEERS}
    assert peers == {group for group in groups if group.startswith(lock.PEER)}
    servers = {group for group in groups if group.startswith(lock.SERVER)}
    assert {f"{lock.SERVER}{path.stem}" for path in SERVERS} == servers
    assert {path.stem for path in LOCKS} == groups - lock.PARTS - peers - servers


@pytest.mark.parametrize("path", LOCKS + PEERS + SERVERS, ids=lambda path: path.stem)
def test_every_requirement_is_pinned_and_hashed(path: Path) -> None:
    """Each requirement has a version and at least one SHA-256; no line names an index."""
    text = path.read_text()
    requirements = re.split(r"\n(?=\S)", text.strip())
    for requirement in requirements:
        assert PINNED.match(requirement), requirement
        assert "--hash=sha256:" in requirement
    assert "://" not in text
    assert "index-url" not in text
    assert "find-links" not in text


@pytest.mark.parametrize("path", REMOTES, ids=lambda path: path.stem)
def test_plug_in_takes_back_no_more_than_it_says(path: Path) -> None:
    """What its lock has in common with the widest is of the same version but for what is named."""
    ours, theirs = dict(pins(ROOT / "locks" / f"{lock.WIDEST}.txt")), dict(pins(path))
    other = {name for name in theirs.keys() & ours if theirs[name] != ours[name]}
    assert other == set(lock.TAKEN_BACK.get(path.stem, ()))


@pytest.mark.parametrize(
    "path",
    [path for path in LOCKS if path not in REMOTES and path.stem != lock.APART],
    ids=lambda path: path.stem,
)
def test_no_two_rooms_disagree_on_a_version(path: Path) -> None:
    """Every lock is a part of the widest one and those of what is optional, which agree."""
    installed = (lock.WIDEST, *LIBRARIES, "dask", *NIGHTS_OWN)
    known = set().union(*(pins(ROOT / "locks" / f"{name}.txt") for name in installed))
    assert len(dict(known)) == len(known)
    assert pins(path) <= known


@pytest.mark.parametrize("group", NIGHTS_OWN)
def test_what_the_night_alone_needs_is_installed_nowhere_else(group: str) -> None:
    """Who runs the project from a fresh clone waits for none of it."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"][group]
    own = set(dict(pins(ROOT / "locks" / f"{group}.txt"))) & {*declared}
    assert own == {*declared}
    elsewhere = [path for path in LOCKS if path.stem != group and own & set(dict(pins(path)))]
    assert elsewhere == []


@pytest.mark.parametrize("path", PEERS, ids=lambda path: path.stem)
def test_peers_open_the_model_with_what_made_it(path: Path) -> None:
    """Of the libraries that read the artifact, a peer has the very versions of ours."""
    ours = dict(pins(ROOT / "locks" / f"{lock.WIDEST}.txt"))
    theirs = dict(pins(path))
    shared = [name for name in lock.MODEL_LIBRARIES if name in theirs]
    assert shared
    assert {name: theirs[name] for name in shared} == {name: ours[name] for name in shared}


def in_project(folder: Path, monkeypatch: pytest.MonkeyPatch, groups: str) -> None:
    """Make a project with these groups of dependencies, and enter it."""
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "x"\nversion = "0"\nrequires-python = ">=3.11"\n[dependency-groups]\n'
        + groups
    )
    (folder / "locks").mkdir()
    monkeypatch.chdir(folder)


def test_groups_are_compiled_under_the_widest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make lock` compiles the widest group first and holds the others to it, a peer to little."""
    in_project(
        tmp_path,
        monkeypatch,
        'dev = ["iniconfig==2.1.0", "joblib==1.5.1"]\nsmall = ["iniconfig"]\n'
        'peer-other = ["iniconfig<2.1", "joblib"]\n',
    )
    assert [path.name for path in lock.lock()] == ["dev.txt", "small.txt", "other.txt"]
    assert pins(tmp_path / "locks" / "small.txt") == {("iniconfig", "2.1.0")}
    others = dict(pins(tmp_path / "locks" / "peers" / "other.txt"))
    assert others == {"iniconfig": "2.0.0", "joblib": "1.5.1"}


def test_versions_that_do_not_fit_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What uv says of a conflict ends as one line that names the lock."""
    in_project(
        tmp_path,
        monkeypatch,
        'dev = ["iniconfig==2.1.0", "iniconfig==2.0.0"]\n',
    )
    with pytest.raises(UserError, match=r"locks/dev\.txt: .*iniconfig"):
        lock.lock()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.stem)
def test_every_python_gets_the_same_versions(path: Path) -> None:
    """No package is locked twice, so the model card is the same on each Python."""
    names = [name for name, _ in PINNED.findall(path.read_text())]
    assert len(names) == len(set(names))


def test_own_requirements_are_locked_with_the_bundles_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What custom/ imports is installed where it runs; training and peers have nothing of it."""
    in_project(
        tmp_path,
        monkeypatch,
        'dev = ["joblib"]\nservice-onnx = ["joblib"]\nfunction-joblib = ["joblib"]\n'
        'training = ["joblib"]\npeer-other = ["joblib"]\n',
    )
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom" / "requirements.txt").write_text("iniconfig==2.1.0\n")
    rooms = {path.stem for path in lock.lock() if ("iniconfig", "2.1.0") in pins(path)}
    assert rooms == {"dev", "service-onnx", "function-joblib"}
