"""Git as we run it: what the user has set, or a hook has, changes neither theirs nor ours."""

import ast
import os
from pathlib import Path

import pytest

from tests.measure.history.synthetic import measurement, names
from tests.tools import require, run, write_program
from tests.tree import CODE, ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.identity import UNKNOWN, current_commit
from twinserve.delivery.probe.history import repository_url
from twinserve.measure.history.places import open_history
from twinserve.targets.git import Repository, Setting, login_settings

HOSTILE = """\
[commit]
    gpgSign = true
    template = /nowhere
[tag]
    gpgSign = true
[push]
    gpgSign = true
    followTags = true
[gpg]
    program = /bin/false
[core]
    autocrlf = true
    hooksPath = {hooks}
    excludesFile = {excludes}
    attributesFile = {attributes}
[init]
    defaultBranch = elsewhere
    templateDir = {template}
[remote]
    pushDefault = nowhere
"""


def git(directory: Path, *words: str) -> str:
    """What git says of a repository of the test's, for which nothing of the user's is set."""
    environment = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null"}
    environment |= {f"GIT_{who}_NAME": "A" for who in ("AUTHOR", "COMMITTER")}
    environment |= {f"GIT_{who}_EMAIL": "a@localhost" for who in ("AUTHOR", "COMMITTER")}
    command = [require("git"), "-C", str(directory), *words]
    done = run(command, env=environment, code=0)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """The user's repository, with one commit on main."""
    directory = tmp_path / "checkout"
    directory.mkdir()
    git(directory, "init", "--quiet", "--initial-branch=main")
    (directory / "theirs.txt").write_text("theirs\n")
    git(directory, "add", ".")
    git(directory, "commit", "--quiet", "--message", "Theirs")
    return directory


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository in which nothing is."""
    directory = tmp_path / "remote.git"
    directory.mkdir()
    git(directory, "init", "--quiet", "--bare")
    return directory


def set_location(checkout: Path, patch: pytest.MonkeyPatch) -> None:
    """What git sets for a hook that runs in another worktree, and all else that says where."""
    own = checkout / ".git"
    for name, value in {
        "GIT_DIR": own,
        "GIT_WORK_TREE": checkout,
        "GIT_INDEX_FILE": own / "index",
        "GIT_COMMON_DIR": own,
        "GIT_OBJECT_DIRECTORY": own / "objects",
        "GIT_CONFIG": own / "config",
        "GIT_PREFIX": "theirs/",
        "GIT_NAMESPACE": "theirs",
    }.items():
        patch.setenv(name, str(value))


def everything(directory: Path) -> dict[Path, bytes]:
    """Every file below, with its content."""
    return {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def test_history_leaves_alone_the_repository_that_a_hook_names(
    checkout: Path, remote: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every variable that says where git's files are, not a byte of the user's changes."""
    before = everything(checkout)
    set_location(checkout, monkeypatch)
    history = open_history(f"git:{remote}#benchmarks")
    history.append(measurement(number=0))
    history.append(measurement(number=1))
    assert names(history.read()) == names([measurement(number=0), measurement(number=1)])
    assert everything(checkout) == before
    assert git(remote, "rev-list", "--count", "benchmarks") == "2"


def test_commit_and_remote_are_those_of_the_folder(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever repository the environment names, the checkout at hand is the one that is asked."""
    git(checkout, "remote", "add", "origin", "https://github.com/owner/theirs")
    for name in ("COMMIT_SHA", "GITHUB_SHA", "GITHUB_REPOSITORY"):
        monkeypatch.delenv(name, raising=False)
    set_location(checkout, monkeypatch)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    assert (current_commit(), repository_url()) == (UNKNOWN, None)
    monkeypatch.chdir(checkout)
    assert current_commit() == git(checkout, "rev-parse", "HEAD")
    assert repository_url() == "https://github.com/owner/theirs"


def test_settings_of_the_user_change_nothing_that_is_kept(
    remote: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Signing, hooks, templates, line ends, ignored files, branches: none reaches our commits."""
    hooks = tmp_path / "template" / "hooks"
    for name in ("pre-commit", "pre-push", "post-checkout", "reference-transaction"):
        write_program(hooks / name, f"#!/bin/sh\ntouch {tmp_path}/hooked\nexit 1\n")
    (tmp_path / "excludes").write_text("*.json\n")
    (tmp_path / "attributes").write_text("*.json text eol=crlf\n")
    text = HOSTILE.format(
        hooks=hooks,
        template=tmp_path / "template",
        excludes=tmp_path / "excludes",
        attributes=tmp_path / "attributes",
    )
    (tmp_path / "config").write_text(text)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_TEMPLATE_DIR", str(tmp_path / "template"))
    monkeypatch.setenv("GIT_DEFAULT_HASH", "sha256")
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Someone")
    monkeypatch.chdir(tmp_path)
    where = open_history(f"git:{remote}#benchmarks").append(measurement())
    assert names(open_history(f"git:{remote}#benchmarks").read()) == names([measurement()])
    assert not (tmp_path / "hooked").exists()
    kept = git(remote, "cat-file", "blob", where)
    assert f"{kept}\n" == measurement().to_line()
    assert git(remote, "log", "-1", "--format=%an %G?", "benchmarks") == "twinserve N"


def test_login_of_the_user_is_taken_over_whole(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Helpers, also the empty one that resets them; nothing else of the same configuration."""
    configuration = "[credential]\n helper =\n helper = store --file x\n[http]\n sslVerify\n"
    (tmp_path / "config").write_text(configuration + "[commit]\n gpgSign = true\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "config"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.chdir(checkout)
    assert login_settings() == [
        Setting("credential.helper", ""),
        Setting("credential.helper", "store --file x"),
        Setting("http.sslverify", "true"),
    ]


def test_what_git_says_is_told(tmp_path: Path) -> None:
    """In a line, with the command."""
    repository = Repository(tmp_path, "main", [])
    with pytest.raises(UserError, match=r"^git rev-parse HEAD: .*ambiguous argument 'HEAD'"):
        repository.ask("rev-parse", "HEAD")


def test_missing_git_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A history needs it; a commit's name does not."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("COMMIT_SHA", raising=False)
    monkeypatch.delenv("GITHUB_SHA", raising=False)
    assert current_commit() == UNKNOWN
    with pytest.raises(UserError, match=r"^git is not on the PATH"):
        open_history(f"git:{tmp_path}#benchmarks").read()


def test_one_module_runs_git() -> None:
    """No other module of the project's names the program."""
    modules = [path for top in CODE for path in (ROOT / top).rglob("*.py")]
    callers = {
        str(path.relative_to(ROOT))
        for path in modules
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value == "git"
    }
    assert callers == {"twinserve/targets/git.py"}
