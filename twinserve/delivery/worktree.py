"""Work in a checkout beside the user's own, which stays as it is until the work is done.

A failure or an interrupt, even one that leaves no time to clean up, finds the user's files as they
were: the next run clears what a killed run has left.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.targets.git import Checkout

# What an environment is made of; where none of these changes, the one that runs this serves.
ENVIRONMENT = ("locks/bootstrap.txt", "locks/dev.txt", "twinserve/delivery/environment/install.py")
PYTHON = Path(".venv/bin/python")
# What a command gets to end by itself.
GRACE_S = 2.0


def check_ready(own: Checkout, then: str) -> None:
    """Refuse a checkout in which work would be lost; ``then`` is what its user wanted to do.

    Raises:
        UserError: it has changes, no branch or a merge under way, or git cannot commit in it.
    """
    top = own.run("rev-parse", "--show-toplevel")
    if top.code or Path(top.out.strip()) != own.directory.resolve():
        raise UserError("this is not the top of a git checkout: run the command from there")
    if own.run("symbolic-ref", "--quiet", "HEAD").code:
        raise UserError(f"no branch is checked out: `git switch` to the one to {then}")
    if own.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").code == 0:
        raise UserError("another merge is under way here: commit it, or `git merge --abort`")
    if changed := own.ask("status", "--porcelain").splitlines():
        named = ", ".join(line[3:] for line in changed[:3]) + (", …" if changed[3:] else "")
        raise UserError(f"the tree has changes: {named}; commit or stash them, then {then}")
    identity = own.run("var", "GIT_COMMITTER_IDENT")
    if identity.code:
        raise UserError(f"git cannot commit here: {identity.told}")


@contextmanager
def alone(place: Path, work: str) -> Iterator[None]:
    """Keep a second run of the same work from a place.

    Raises:
        UserError: another run is under way.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(f"another {work} is under way here: wait for its end") from None
        yield


@contextmanager
def worktree(own: Checkout, commit: str, place: Path) -> Iterator[Checkout]:
    """A checkout of a commit beside the user's own, in the same repository; removed in the end."""
    # Of a run that was killed.
    _remove(own, place)
    own.ask("worktree", "add", "--quiet", "--detach", str(place), commit)
    try:
        yield Checkout(own.directory / place)
    finally:
        _remove(own, place)


def _remove(own: Checkout, place: Path) -> None:
    # Not by git, which refuses a worktree that was left half made.
    shutil.rmtree(own.directory / place, ignore_errors=True)
    own.ask("worktree", "prune")


def make_environment(
    tree: Path, log: IO[str] | None = None, interpreter: str = sys.executable
) -> str:
    """The Python of the tree's own environment, made from its own locks."""
    run_in(tree, ["make", f"PYTHON={interpreter}", ".venv/ready"], log)
    return str((tree / PYTHON).absolute())


def reproduce(tree: Path, python: str, outputs: Sequence[str], log: IO[str] | None = None) -> None:
    """Run the tree's own pipeline.

    What the cache has of the outputs is put there first: DVC would run a stage whose output is
    missing, however much it is as locked.
    """
    run_in(tree, [python, "-m", "dvc", "checkout", "--quiet", *outputs], log)
    run_in(tree, [python, "-m", "twinserve", "repro"], log)


def run_in(
    tree: Path,
    command: Sequence[str],
    log: IO[str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Run a command of the project's in a tree; what it prints is shown as it comes, or logged.

    Raises:
        UserError: it fails.
    """
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=user_environment() | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=None if log is None else subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        code = process.wait()
    finally:
        # Interrupted: with all that it has started.
        for number in (signal.SIGTERM, signal.SIGKILL) if process.poll() is None else ():
            with suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(process.pid, number)
                process.wait(GRACE_S)
    if code:
        raise UserError(f"`{' '.join(command[1:])}` failed in {tree}: its own lines say why")


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let no signal end what takes no time; git inherits the mask."""
    ending = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)
