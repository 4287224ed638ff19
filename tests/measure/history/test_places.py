"""A folder and a branch: documents are added by many at once, and none is lost."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.measure.history.synthetic import measurement, names
from tests.tools import require, write_program
from twinserve.config.errors import UserError
from twinserve.measure.history import branch as branches
from twinserve.measure.history.document import Measurement
from twinserve.measure.history.places import History, open_history
from twinserve.targets.git import Repository, Setting, login_settings

WRITERS = 4


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A bare repository in which nothing is."""
    path = tmp_path / "repository.git"
    subprocess.run([require("git"), "init", "--quiet", "--bare", str(path)], check=True)
    return path


@pytest.fixture(params=["folder", "branch"])
def history(
    request: pytest.FixtureRequest, tmp_path: Path, repository: Path
) -> History[Measurement]:
    """A history of each kind."""
    places = {"folder": str(tmp_path / "kept"), "branch": f"git:{repository}#benchmarks"}
    return open_history(places[request.param])


def test_history_begins_empty(history: History[Measurement]) -> None:
    """Neither the folder nor the branch is there yet."""
    assert history.read() == []


def test_documents_come_back_in_the_order_of_time(history: History[Measurement]) -> None:
    """Whole, whatever the order in which they were kept."""
    kept = [measurement(number=number) for number in (2, 0, 1)]
    where = [history.append(document) for document in kept]
    assert where[0].endswith("20240302T031700Z-030303030303-deployed.json")
    assert history.read() == [kept[1], kept[2], kept[0]]


def test_none_of_many_at_once_is_lost(history: History[Measurement]) -> None:
    """Of the same moment and commit, even: each has a name of its own."""
    document = measurement(number=3)
    same = [document.model_copy(update={"load_before": float(load)}) for load in range(WRITERS - 1)]
    with ThreadPoolExecutor(WRITERS) as pool:
        where = list(pool.map(history.append, [*same, measurement(number=4)]))
    assert len(set(where)) == WRITERS
    assert names(history.read()) == names([*same, measurement(number=4)])


def test_file_that_is_no_measurement_is_named(tmp_path: Path) -> None:
    """It is not passed over in silence."""
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(UserError, match=r"other.json holds what is no measurement: "):
        open_history(str(tmp_path)).read()


def test_folder_that_cannot_be_is_told(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"file: .*see history in params.yaml"):
        open_history(str(tmp_path / "file")).append(measurement())


def test_branch_has_nothing_of_the_code(repository: Path, tmp_path: Path) -> None:
    """Its commits have no parent but each other, and its files are documents only."""
    history = open_history(f"git:{repository}#benchmarks")
    history.append(measurement(number=0))
    history.append(measurement(number=1))
    git = [require("git"), "-C", str(repository)]
    log = subprocess.run(
        [*git, "log", "--format=%s", "benchmarks"], capture_output=True, check=True
    )
    assert log.stdout.decode().count("Measurement 2024") == 2
    files = subprocess.run(
        [*git, "ls-tree", "--name-only", "benchmarks"], capture_output=True, check=True
    )
    assert all(name.endswith(b".json") for name in files.stdout.split())
    assert not list(tmp_path.glob("*.json"))


def test_branch_that_never_lets_us_first_is_told(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal of each push ends in a line, after so many attempts."""
    monkeypatch.setattr(branches, "MOST_ATTEMPTS", 2)
    write_program(repository / "hooks" / "pre-receive", "#!/bin/sh\nexit 1\n")
    with pytest.raises(UserError, match=r"2 times somebody else was first; run it again"):
        open_history(f"git:{repository}#benchmarks").append(measurement())


def test_repository_that_is_not_there_is_told(tmp_path: Path) -> None:
    """In git's words."""
    with pytest.raises(UserError, match=r"git ls-remote .*nowhere"):
        open_history(f"git:{tmp_path / 'nowhere'}#benchmarks").read()


def test_login_of_the_checkout_is_used(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the checkout at hand knows the remote and how to log in, so does the copy."""
    checkout = tmp_path / "checkout"
    git = [require("git"), "-C", str(checkout)]
    subprocess.run([require("git"), "init", "--quiet", str(checkout)], check=True)
    for words in (
        ["remote", "add", "origin", str(repository)],
        ["config", "http.https://github.com/.extraheader", "AUTHORIZATION: basic x"],
    ):
        subprocess.run([*git, *words], check=True)
    monkeypatch.chdir(checkout)
    history = open_history("git:origin#benchmarks")
    history.append(measurement())
    assert names(history.read()) == names([measurement()])
    extra = Setting("http.https://github.com/.extraheader", "AUTHORIZATION: basic x")
    assert extra in login_settings()
    ours = Repository(tmp_path, "main", login_settings())
    assert ours.ask("config", extra.name) == f"{extra.value}\n"
