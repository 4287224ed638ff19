"""``twinserve update``: merge the engine's next version, reproduce, and only then move the branch.

All of it happens in a worktree of its own, so that a failure or an interrupt, even one that leaves
no time to clean up, finds the user's files as they were.
"""

import argparse
import re
import sys
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.data.cached import share_cache
from twinserve.delivery.update.merge import GENERATED, LOCKS, merge
from twinserve.delivery.worktree import (
    ENVIRONMENT,
    alone,
    check_ready,
    make_environment,
    reproduce,
    run_in,
    uninterrupted,
    worktree,
)
from twinserve.targets.child import end_as_interrupted
from twinserve.targets.git import Checkout

UPSTREAM = "upstream/main"
WORKTREE = Path(".cache/update")
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
    end_as_interrupted()
    print(update(arguments.ref))


def update(ref: str) -> str:
    """Bring a commit of the engine into the branch that is checked out here; what came of it.

    Raises:
        UserError: the tree has changes, git refuses, both sides changed the same lines, or what
            the merge gives cannot be reproduced: the tree is as it was. Or the outputs cannot be
            brought into it afterwards.
    """
    own = Checkout(Path.cwd())
    check_ready(own, "update")
    ours, theirs = own.ask("rev-parse", "HEAD"), _resolve(own, ref)
    if own.run("merge-base", "--is-ancestor", theirs, ours).code == 0:
        return f"{ref} is in this branch already: engine {_version(own, ours)}"
    versions = f"engine {_version(own, ours)} -> {_version(own, theirs)}"
    print(f"{versions}: merging {ref} at {theirs[:12]}", flush=True)
    with alone(WORKTREE, "update"), worktree(own, ours, WORKTREE) as tree:
        merged = merge(tree, theirs)
        if merged.kept:
            print(f"changed by both sides, kept as yours: {', '.join(merged.kept)}", flush=True)
        if merged.locks_of_both:
            print("the locks are your own: compiled anew, from your versions", flush=True)
            run_in(tree.directory, [sys.executable, "-m", "twinserve", "lock"])
        anew = tree.run("diff", "--quiet", ours, "--", *ENVIRONMENT).code != 0
        share_cache(tree.directory)
        _reproduce(tree.directory, anew=anew, outputs=("--allow-missing",))
        updated = _commit(tree, f"Update the engine ({versions}, {ref})")
    with uninterrupted():
        own.ask("merge", "--quiet", "--ff-only", updated)
    try:
        # Of the outputs alone: a table under DVC that has been edited is not to be lost.
        _reproduce(Path(), anew=anew, outputs=("--force", "dvc.yaml"))
    except UserError as error:
        raise UserError(
            f"the branch is updated to {updated[:12]}, but without its outputs: {error}; "
            "make them with `make repro`"
        ) from None
    return f"{versions}: commit {updated[:12]}; `git show --stat` lists what has changed"


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
    match = VERSION.search(own.run("show", f"{commit}:twinserve/__init__.py").out)
    return match.group(1) if match else None


def _commit(tree: Checkout, message: str) -> str:
    """Conclude the merge, with what the pipeline has made; the commit."""
    made = [name for name in GENERATED if (tree.directory / name).exists()]
    tree.ask("add", "--", LOCKS, *made)
    tree.ask("commit", "--quiet", "--message", message)
    return tree.ask("rev-parse", "HEAD")


def _reproduce(tree: Path, *, anew: bool, outputs: tuple[str, ...]) -> None:
    """Run the tree's own pipeline, in an environment of its own locks."""
    python = make_environment(tree) if anew else sys.executable
    reproduce(tree, python, outputs)
