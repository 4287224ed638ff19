"""`twinserve update` on a small engine that stands in for this one: done whole or not at all."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.tools import is_running
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.delivery.update.command import update

VERSION, METRICS = "twinserve/__init__.py", "evaluation/metrics.json"
# Its `repro` leaves a version and a table in git, and an output beside it; its `lock` says so.
ENGINE = """\
import os, sys, time
from pathlib import Path
from twinserve import BEHAVIOUR, __version__

if sys.argv[1] == "lock":
    for path in Path("locks").glob("*.txt"):
        path.write_text(path.read_text() + "resolved anew\\n")
elif BEHAVIOUR == "fail" or (BEHAVIOUR == "fail at last" and Path.cwd().name != "update"):
    sys.exit("error: a gate is not kept")
elif BEHAVIOUR == "wait" and Path.cwd().name == "update":
    Path("..", "began").write_text(str(os.getpid()))
    time.sleep(600)
else:
    text = f"{__version__} of {Path('data/table.csv').read_text()}"
    Path("evaluation", "metrics.json").write_text(text)
    Path("made.txt").write_text(text)
"""
IGNORED = ".cache/\n.venv/\n/.dvc/config.local\n/.dvc/tmp/\n/made.txt\n__pycache__/\n"
MAKEFILE = """\
.venv/ready:
\tmkdir -p .venv/bin && cp locks/dev.txt .venv/ready
\tprintf '#!/bin/sh\\nexec $(PYTHON) "$$@"\\n' > .venv/bin/python
\tchmod +x .venv/bin/python
"""
# The command of this engine, in a tree whose own is another.
COMMAND = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from twinserve.__main__ import main
from twinserve.config.errors import run_as_command
run_as_command(lambda: main(["update"]))
"""


def release(upstream: Repository, version: str, behaviour: str = "") -> str:
    """Publish a version."""
    text = f'__version__ = "{version}"\nBEHAVIOUR = "{behaviour}"\n'
    upstream.write(VERSION, text)
    upstream.write(METRICS, f"{version} of the engine's\n")
    return upstream.commit(version)


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine's repository."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    (tmp_path / "upstream").mkdir()
    upstream = Repository(tmp_path / "upstream")
    upstream.begin()
    upstream.write("twinserve/__main__.py", ENGINE)
    upstream.write("twinserve/delivery/environment/install.py", "")
    for name in ("config", ".gitignore"):
        upstream.write(f".dvc/{name}", (ROOT / ".dvc" / name).read_text())
    upstream.write("dvc.yaml", "stages: {}\n")
    upstream.write(".gitignore", IGNORED)
    upstream.write("Makefile", MAKEFILE)
    upstream.write("data/table.csv", "iris")
    for name in ("bootstrap", "dev"):
        upstream.write(f"locks/{name}.txt", "a==1\n")
    release(upstream, "1.0.0")
    return upstream


@pytest.fixture
def fork(upstream: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A fork of it with a table of its own, as the current folder."""
    fork = upstream.fork(tmp_path / "fork")
    fork.write("data/table.csv", "tulips")
    fork.write(METRICS, "1.0.0 of tulips")
    fork.commit("Ours")
    monkeypatch.chdir(fork.directory)
    return fork


def test_update_merges_reproduces_and_moves_the_branch(
    upstream: Repository, fork: Repository
) -> None:
    """The newest version is fetched; in the merge and in the tree the outputs are made anew."""
    theirs = release(upstream, "1.1.0")
    before = fork.git("rev-parse", "HEAD")
    assert update("upstream/main").startswith("engine 1.0.0 -> 1.1.0: commit ")
    assert fork.git("rev-list", "--parents", "-1", "HEAD").split()[1:] == [before, theirs]
    assert fork.git("symbolic-ref", "HEAD") == "refs/heads/main"
    for name in (METRICS, "made.txt"):
        assert fork.path(name).read_text() == "1.1.0 of tulips"
    assert fork.git("status", "--porcelain") == ""
    assert len(fork.git("worktree", "list").splitlines()) == 1
    assert update("upstream/main") == "upstream/main is in this branch already: engine 1.1.0"
    assert not fork.path(".venv").exists()


def test_environment_is_made_anew_where_its_locks_have_changed(
    upstream: Repository, fork: Repository
) -> None:
    """First that of the worktree; the user's own follows once the update is done."""
    upstream.write("locks/dev.txt", "a==2\n")
    release(upstream, "1.1.0")
    update("upstream/main")
    assert fork.path(".venv/ready").read_text() == "a==2\n"


def test_locks_that_both_changed_are_compiled_anew(upstream: Repository, fork: Repository) -> None:
    """By the engine's new code, from the fork's versions, and committed with the merge."""
    fork.write("locks/dev.txt", "a==1\nours==1\n")
    fork.commit("A package of ours")
    upstream.write("locks/dev.txt", "a==2\n")
    release(upstream, "1.1.0")
    update("upstream/main")
    assert fork.git("show", "HEAD:locks/dev.txt") == "a==1\nours==1\nresolved anew"


def change(fork: Repository) -> None:
    """An edit that is not committed."""
    fork.write("data/table.csv", "roses")


def add(fork: Repository) -> None:
    """A file that git does not know."""
    fork.write("notes.txt", "")


def detach(fork: Repository) -> None:
    """No branch."""
    fork.git("checkout", "--quiet", "--detach")


def begin_merge(fork: Repository) -> None:
    """A merge under way, in which nothing is left to do."""
    fork.git("fetch", "--quiet", "upstream")
    fork.git("merge", "--quiet", "--no-commit", "--no-ff", "--strategy=ours", "upstream/main")


def leave_top(fork: Repository) -> None:
    """In a folder of it."""
    os.chdir(fork.path("data"))


def edit_engine(fork: Repository) -> None:
    """A fork that did what none should."""
    fork.write(VERSION, '__version__ = "1.0.0+ours"\nBEHAVIOUR = ""\n')
    fork.commit("Our engine")


def forget_user(fork: Repository) -> None:
    """Nobody to commit as."""
    fork.git("config", "user.useConfigOnly", "true")
    fork.git("config", "--unset", "user.email")


@pytest.mark.parametrize(
    ("spoil", "ref", "told"),
    [
        (change, "upstream/main", "the tree has changes: data/table.csv; commit or stash"),
        (add, "upstream/main", r"the tree has changes: notes\.txt; commit or stash"),
        (detach, "upstream/main", "no branch is checked out"),
        (begin_merge, "upstream/main", "another merge is under way here"),
        (leave_top, "upstream/main", "not the top of a git checkout"),
        (forget_user, "upstream/main", "git cannot commit here: "),
        (edit_engine, "upstream/main", r"same lines of twinserve/__init__\.py"),
        (None, "upstream/none", "git knows no such commit.*git remote add upstream URL"),
        (None, "other/main", "git knows no such commit"),
    ],
)  # fmt: skip
def test_what_cannot_be_updated_is_refused_in_a_line_and_left_alone(
    upstream: Repository,
    fork: Repository,
    spoil: Callable[[Repository], None] | None,
    ref: str,
    told: str,
) -> None:
    """Branch, index and files are as they were."""
    release(upstream, "1.1.0")
    if spoil:
        spoil(fork)
    before = fork.state()
    with pytest.raises(UserError, match=told) as refused:
        update(ref)
    assert "\n" not in str(refused.value)
    assert fork.state() == before
    assert len(fork.git("worktree", "list").splitlines()) == 1


def test_merge_that_cannot_be_reproduced_leaves_all_as_it_was(
    upstream: Repository, fork: Repository
) -> None:
    """A gate that the new engine does not keep, say."""
    before = fork.state()
    release(upstream, "1.1.0", "fail")
    with pytest.raises(
        UserError, match=r"`-m twinserve repro` failed in .*: its own lines say why"
    ):
        update("upstream/main")
    assert fork.state() == before
    release(upstream, "1.1.1")
    assert update("upstream/main").startswith("engine 1.0.0 -> 1.1.1")


def test_outputs_that_are_not_brought_into_the_updated_tree_are_told_apart(
    upstream: Repository, fork: Repository
) -> None:
    """The update is done by then: the line says so, and what is left to do."""
    theirs = release(upstream, "1.1.0", "fail at last")
    with pytest.raises(UserError, match=r"branch is updated to .*make them with `make repro`$"):
        update("upstream/main")
    assert theirs in fork.git("rev-list", "--parents", "-1", "HEAD")
    assert fork.path(METRICS).read_text() == "1.1.0 of tulips"


def test_only_one_update_runs_at_a_time(upstream: Repository, fork: Repository) -> None:
    """The second does not clear away the first's worktree."""
    release(upstream, "1.1.0")
    fork.path(".cache").mkdir()
    with fork.path(".cache/update.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="another update is under way here"):
            update("upstream/main")


@pytest.fixture
def under_way(upstream: Repository, fork: Repository) -> Iterator[subprocess.Popen[bytes]]:
    """The command, while the merged tree is being reproduced."""
    release(upstream, "1.1.0", "wait")
    began = fork.path(".cache/began")
    errors = fork.directory.with_name("errors.txt")
    with errors.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND], stderr=file, start_new_session=True
        )
    while not (began.exists() and began.read_text()):
        assert process.poll() is None, errors.read_text()
        time.sleep(0.05)
    yield process
    for pid in (process.pid, int(began.read_text())):
        if is_running(pid):
            os.kill(pid, signal.SIGKILL)
    process.wait()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupt_leaves_all_as_it_was(
    upstream: Repository,
    fork: Repository,
    under_way: subprocess.Popen[bytes],
    number: signal.Signals,
) -> None:
    """Even one that nothing can answer; what was left behind then is cleared by the next update."""
    before = fork.state()
    worker = int(fork.path(".cache/began").read_text())
    under_way.send_signal(number)
    under_way.wait()
    assert fork.state() == before
    if number != signal.SIGKILL:
        assert under_way.returncode == 130
        assert fork.directory.with_name("errors.txt").read_text() == "interrupted\n"
        assert not is_running(worker)
        assert len(fork.git("worktree", "list").splitlines()) == 1
    else:
        os.kill(worker, signal.SIGKILL)
    release(upstream, "1.1.1")
    assert update("upstream/main").startswith("engine 1.0.0 -> 1.1.1")
    assert fork.path(METRICS).read_text() == "1.1.1 of tulips"
    assert len(fork.git("worktree", "list").splitlines()) == 1
