"""``twinserve update``: merge the engine's next version, reproduce, and only then move the branch.

All of it happens in a worktree of its own, so that a failure or an interrupt, even one that leaves
no time to clean up, finds the user's files as they were.
"""

import argparse
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.delivery.data.cached import share_cache
from twinserve.delivery.update.merge import GENERATED, LOCKS, merge
from twinserve.targets.git import Checkout

UPSTREAM = "upstream/main"
WORKTREE = Path(".cache/update")
# What an environment is made of; where none of these changes, the one that runs this serves.
ENVIRONMENT = ("locks/bootstrap.txt", "locks/dev.txt", "twinserve/delivery/environment/install.py")
# What a command gets to end by itself.
GRACE_S = 2.0
VERSION = re.compile(r'^__version__ = "([^"]+)"$', re.MULTILINE)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to merge."""
    parser.add_argument(
        "ref",
        nargs="?",
        default=UPSTREAM,
        metavar="REF",
        help=f"a commit, tag or branch; a remote's branch is fetched first (default: {UPSTREAM})",
    )


def run(arguments: argparse.Namespace) -> None:
    """Update, and say from which version to which."""
    # A plain SIGTERM would leave the worktree behind, and what runs in it running.
    signal.signal(signal.SIGTERM, _interrupt)
    print(update(arguments.ref))


def update(ref: str) -> str:
    """Bring a commit of the engine into the branch that is checked out here; what came of it.

    Raises:
        UserError: the tree has changes, git refuses, both sides changed the same lines, or what
            the merge gives cannot be reproduced: the tree is as it was. Or the outputs cannot be
            brought into it afterwards.
    """
    own = Checkout(Path.cwd())
    _check_ready(own)
    ours, theirs = own.ask("rev-parse", "HEAD"), _resolve(own, ref)
    if own.run("merge-base", "--is-ancestor", theirs, ours).code == 0:
        return f"{ref} is in this branch already: engine {_version(own, ours)}"
    versions = f"engine {_version(own, ours)} -> {_version(own, theirs)}"
    print(f"{versions}: merging {ref} at {theirs[:12]}", flush=True)
    with _worktree(own, ours) as tree:
        merged = merge(tree, theirs)
        if merged.kept:
            print(f"changed by both sides, kept as yours: {', '.join(merged.kept)}", flush=True)
        if merged.locks_of_both:
            print("both sides changed locks: compiled anew, from the fork's versions", flush=True)
            _run(tree.directory, [sys.executable, "-m", "twinserve", "lock"])
        anew = tree.run("diff", "--quiet", ours, "--", *ENVIRONMENT).code != 0
        share_cache(tree.directory)
        _reproduce(tree.directory, anew=anew, outputs=("--allow-missing",))
        updated = _commit(tree, f"Update the engine ({versions}, {ref})")
    _move_branch(own, updated)
    try:
        # Of the outputs alone: a table under DVC that has been edited is not to be lost.
        _reproduce(Path(), anew=anew, outputs=("--force", "dvc.yaml"))
    except UserError as error:
        raise UserError(
            f"the branch is updated to {updated[:12]}, but without its outputs: {error}; "
            "make them with `make repro`"
        ) from None
    return f"{versions}: commit {updated[:12]}; `git show --stat` lists what has changed"


def _check_ready(own: Checkout) -> None:
    top = own.run("rev-parse", "--show-toplevel")
    if top.code or Path(top.out.strip()) != own.directory.resolve():
        raise UserError("this is not the top of a git checkout: run the command from there")
    if own.run("symbolic-ref", "--quiet", "HEAD").code:
        raise UserError("no branch is checked out: `git switch` to the one to be updated")
    if own.run("rev-parse", "--quiet", "--verify", "MERGE_HEAD").code == 0:
        raise UserError("another merge is under way here: commit it, or `git merge --abort`")
    if changed := own.ask("status", "--porcelain").splitlines():
        named = ", ".join(line[3:] for line in changed[:3]) + (", …" if changed[3:] else "")
        raise UserError(f"the tree has changes: {named}; commit or stash them, then update")
    identity = own.run("var", "GIT_COMMITTER_IDENT")
    if identity.code:
        raise UserError(f"git cannot commit here: {identity.told}")


def _resolve(own: Checkout, ref: str) -> str:
    """The commit that is meant, fetched where it is a remote's.

    Raises:
        UserError: there is no such commit, or it has no engine.
    """
    remote, _, branch = ref.partition("/")
    if branch and remote in own.ask("remote").split():
        own.ask("fetch", "--quiet", remote)
    done = own.run("rev-parse", "--quiet", "--verify", f"{ref}^{{commit}}")
    if done.code:
        raise UserError(
            f"{ref}: git knows no such commit; name one, or tell git where the engine comes from: "
            "`git remote add upstream URL`"
        )
    theirs = done.out.strip()
    if _version(own, theirs) is None:
        raise UserError(f"{ref}: there is no engine (twinserve/) in that commit")
    return theirs


def _version(own: Checkout, commit: str) -> str | None:
    found = VERSION.search(own.run("show", f"{commit}:twinserve/__init__.py").out)
    return found.group(1) if found else None


@contextmanager
def _worktree(own: Checkout, commit: str) -> Iterator[Checkout]:
    """A checkout of a commit beside the user's own, in the same repository; removed in the end."""
    WORKTREE.parent.mkdir(exist_ok=True)
    with WORKTREE.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("another update is under way here: wait for its end") from None
        # Of a run that was killed.
        _remove(own)
        own.ask("worktree", "add", "--quiet", "--detach", str(WORKTREE), commit)
        try:
            yield Checkout(own.directory / WORKTREE)
        finally:
            _remove(own)


def _remove(own: Checkout) -> None:
    # Not by git, which refuses a worktree that was left half made.
    shutil.rmtree(own.directory / WORKTREE, ignore_errors=True)
    own.ask("worktree", "prune")


def _commit(tree: Checkout, message: str) -> str:
    """Conclude the merge, with what the pipeline has made; the commit."""
    made = [name for name in GENERATED if (tree.directory / name).exists()]
    tree.ask("add", "--", LOCKS, *made)
    tree.ask("commit", "--quiet", "--message", message)
    return tree.ask("rev-parse", "HEAD")


def _reproduce(tree: Path, *, anew: bool, outputs: tuple[str, ...]) -> None:
    """Run the tree's own pipeline, in an environment of its own locks.

    What the cache has of the outputs is put there first: DVC would run a stage whose output is
    missing, however much it is as locked.
    """
    python = sys.executable
    if anew:
        _run(tree, ["make", f"PYTHON={sys.executable}", ".venv/ready"])
        python = str((tree / ".venv/bin/python").absolute())
    _run(tree, [python, "-m", "dvc", "checkout", "--quiet", *outputs])
    _run(tree, [python, "-m", "twinserve", "repro"])


def _run(tree: Path, command: list[str]) -> None:
    """Run a command of the project's in a tree; what it prints is shown as it comes.

    Raises:
        UserError: it fails.
    """
    process = subprocess.Popen(
        command,
        cwd=tree,
        env=user_environment(),
        stdin=subprocess.DEVNULL,
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


def _move_branch(own: Checkout, commit: str) -> None:
    """Bring branch and files to a commit, uninterrupted: it takes no time."""
    ending = {signal.SIGINT, signal.SIGTERM}
    # Git inherits the mask.
    signal.pthread_sigmask(signal.SIG_BLOCK, ending)
    try:
        own.ask("merge", "--quiet", "--ff-only", commit)
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ending)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt
