"""The merge itself: which side's files are kept without asking, and what remains for a person."""

from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.targets.git import Checkout

# Made by the pipeline: the fork's is kept as it is, and `repro` then makes it anew.
GENERATED = ("dvc.lock", "evaluation/metrics.json", "models/model.pkl.sha256")
# A fork's own: what it has changed there, or deleted, is kept whole. Git would carry a change of
# the engine's example into a table that began as a copy of it.
OWN = ("README.md", "custom", "data", "tests/model")
# Likewise, but line by line, so that a key that the engine has renamed comes in.
CHOICES = "params.yaml"
LOCKS = "locks"
# What the locks are compiled from.
REQUIREMENTS = "pyproject.toml"
# What git writes in the place of a file that a side does not have.
ABSENT = "."
MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Merged:
    """Paths that git could not decide on, and how each was decided.

    Attributes:
        kept: files of the fork's own that both sides changed; of params.yaml, only the lines.
        locks_of_both: the fork has changed locks, and the engine its own, or what they are compiled
            from. They are the fork's, to be compiled anew.
    """

    kept: tuple[str, ...]
    locks_of_both: bool


def merge(tree: Checkout, theirs: str) -> Merged:
    """Merge a commit into the checkout's, uncommitted; git merges what it can.

    Locks that both sides have changed are not merged line by line, which would mix versions that
    nobody has tried together.

    Raises:
        UserError: git refuses, or both sides changed the same lines of a file that is not the
            fork's own.
    """
    ours = tree.ask("rev-parse", "HEAD")
    base = tree.run("merge-base", ours, theirs)
    if base.code:
        raise UserError(
            "the commit to be merged has no commit in common with this branch, so git cannot tell "
            "what each side has changed; fetch the whole history (`git fetch --unshallow`), or "
            "see docs/updating.md for a repository that began as a copy"
        )
    # Git would move a fork's new file after a folder of the engine's.
    words = ("merge", "--no-commit", "--no-ff", theirs)
    done = tree.run("-c", "merge.directoryRenames=false", *words)
    unmerged = _changed(tree, "--diff-filter=U")
    if done.code and not unmerged:
        raise UserError(f"git merge: {done.told}")
    changed = [_changed(tree, "--no-renames", base.out.strip(), side) for side in (ours, theirs)]
    locks = _locks_of_both(*changed)
    own = {path for path in changed[0] | unmerged if _is_below(path, OWN)}
    for path in sorted({*GENERATED, *locks, *own}):
        _keep_ours(tree, ours, path)
    kept = own & changed[1]
    if CHOICES in unmerged:
        _prefer_our_lines(tree, ours, CHOICES)
        kept.add(CHOICES)
    if conflicts := sorted(unmerged - locks - own - {*GENERATED, CHOICES}):
        raise UserError(
            f"both sides changed the same lines of {_named(conflicts)}; nothing has been changed "
            "here. Merge by hand as docs/updating.md says under `A conflict`"
        )
    return Merged(tuple(sorted(kept)), bool(locks))


def _named(paths: list[str]) -> str:
    more = len(paths) - MOST_NAMED
    return ", ".join(paths[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _locks_of_both(ours: set[str], theirs: set[str]) -> set[str]:
    """The locks that either side has changed, if ours need not fit what theirs ask for now."""
    changed = [{path for path in side if _is_below(path, (LOCKS,))} for side in (ours, theirs)]
    others = changed[1] or REQUIREMENTS in theirs
    return changed[0] | changed[1] if changed[0] and others else set()


def _prefer_our_lines(tree: Checkout, ours: str, path: str) -> None:
    """Merge a file line by line; where both sides changed the same lines, ours stand."""
    written = tree.ask("checkout-index", "--stage=all", "--temp", "--", path)
    sides = written.partition("\t")[0].split()
    if ABSENT in sides:
        _keep_ours(tree, ours, path)
    else:
        base, merged, other = sides
        tree.ask("merge-file", "--quiet", "--ours", merged, base, other)
        (tree.directory / merged).replace(tree.directory / path)
        tree.ask("add", "--", path)
    for name in {*sides} - {ABSENT}:
        (tree.directory / name).unlink(missing_ok=True)


def _keep_ours(tree: Checkout, ours: str, path: str) -> None:
    """Leave a path as this side has it, or without it."""
    if tree.ask("ls-tree", "--name-only", ours, "--", path):
        tree.ask("checkout", "--quiet", ours, "--", path)
    else:
        tree.ask("rm", "--quiet", "--force", "--ignore-unmatch", "--", path)


def _is_below(path: str, places: tuple[str, ...]) -> bool:
    return any(Path(path).is_relative_to(place) for place in places)


def _changed(tree: Checkout, *words: str) -> set[str]:
    return set(filter(None, tree.ask("diff", "-z", "--name-only", *words).split("\0")))
