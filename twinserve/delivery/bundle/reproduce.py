"""``dvc repro``, with what another machine has made already and a check that nothing differs."""

import argparse
import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.yaml_file import parse_yaml
from twinserve.delivery.bundle.modes import settle
from twinserve.delivery.bundle.verify import verify_outputs
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.agreement import (
    check_current,
    check_lock,
    check_one_place,
    check_written,
    written,
)
from twinserve.delivery.data.cached import verify_cache
from twinserve.delivery.data.fetch import fetch_sources
from twinserve.delivery.data.remotes import NO_REMOTE, default_remote, verify_remotes
from twinserve.delivery.data.runs import verify_runs
from twinserve.delivery.data.sources import Source, find_sources
from twinserve.delivery.data.taken import LOCK, is_taken, take
from twinserve.training.paths import FOLDS_TAKEN

# The stages that judge a model that is there.
PROOFS = ("evaluate", "export", "bundle")


class DifferenceError(UserError):
    """What came out is not what is committed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take what to do before and after."""
    parser.add_argument(
        "--pull",
        action="store_true",
        help="first fetch the outputs too that DVC's remote has, if one is set",
    )
    parser.add_argument(
        "--locked", action="store_true", help="fail if dvc.lock is not what comes out"
    )
    parser.add_argument(
        "--afresh",
        action="store_true",
        help="run every stage, whatever is kept of an earlier run: what the night does",
    )
    parser.add_argument(
        "--push",
        action="store_true",
        help="then put all of it into DVC's remote, if one is set",
    )


def run(arguments: argparse.Namespace) -> None:
    """Pull, reproduce, compare, push: those that were asked for.

    Raises:
        UserError: a step failed.
    """
    data.prepare()
    remote = (arguments.pull or arguments.push) and _has_remote()
    pulled = arguments.pull and remote
    if pulled:
        verify_remotes()
        # What the cache has is not fetched again, but put into the tree.
        verify_cache(LOCK)
        data.pull()
    if arguments.locked:
        reproduce_locked(afresh=arguments.afresh)
    else:
        reproduce(afresh=arguments.afresh, shared=pulled)
    if arguments.push and remote:
        data.push()


def reproduce_locked(*, afresh: bool = False) -> None:
    """Bring everything up to date, and hold all of it to what is committed.

    Where the night reproduces, the fit is taken by hash, unless ``afresh`` is what the night does.

    Raises:
        DifferenceError: something came out otherwise.
        UserError: nothing did.
    """
    data.prepare()
    before, sources = _read_lock(), find_sources()
    files = written(sources)
    check_lock(sources, LOCK)
    if is_taken() and not afresh:
        prove()
    else:
        try:
            reproduce(afresh=afresh)
        except UserError:
            if afresh:
                # What a later stage refuses may be what came out otherwise.
                check_unchanged(before, _read_lock())
            raise
    check_written(files)
    check_unchanged(before, _read_lock())


def reproduce(*, afresh: bool = False, shared: bool = False) -> None:
    """Bring every stage of ``dvc.yaml`` up to date; what DVC prints is shown as it comes.

    Args:
        afresh: though all of it is up to date.
        shared: take from the remote what a colleague has fitted on the same inputs.

    Raises:
        UserError: a stage failed; its own line has been printed by then. Or DVC's cache holds
            another file than the lock names.
    """
    _have_sources()
    if is_taken() and not afresh:
        take(strict=False)
    verify_cache(LOCK)
    verify_runs()
    if shared and not afresh:
        _take_run()
    _run(*(("--force", "--no-run-cache") if afresh else ()))
    settle()


def prove() -> None:
    """Take what ``dvc.lock`` names by hash, and hold it to gates, golden cases and parity.

    Every stage runs again but the fit and the split before it; no fold is fitted again either.

    Raises:
        UserError: an output cannot be had, or is not of this tree's inputs; or a stage fails.
    """
    _have_sources()
    take(strict=True)
    verify_cache(LOCK)
    _run("--single-item", "engine")
    verify_outputs()
    _run("--force", "--single-item", *PROOFS, variables={FOLDS_TAKEN: "true"})
    settle()


def _take_run() -> None:
    """What the run cache has of the fit; its inputs are made first."""
    _run("prepare")
    if data.run_module("twinserve.delivery.data.runs", capture=False).returncode:
        raise UserError("nothing was fitted; the line above says why")


def _have_sources() -> None:
    sources = find_sources()
    _find_table(sources)
    check_one_place(sources)
    check_current(sources)
    data.prepare()
    fetch_sources()


def _run(*words: str, variables: Mapping[str, str] | None = None) -> None:
    if data.dvc("repro", *words, variables=variables).returncode:
        raise UserError("dvc repro failed; the stage's own line above says why")


def _has_remote() -> bool:
    """Whether DVC's configuration names a remote; said where it does not."""
    if default_remote() is None:
        print(f"{NO_REMOTE}; nothing to pull or push")
        return False
    return True


def _find_table(sources: Sequence[Source]) -> None:
    """Refuse a table that is nowhere, of which DVC says ``[Errno 2]``.

    Raises:
        UserError: it is neither a file nor one that DVC would bring.
    """
    table = Path(load_params().data.table)
    if not table.exists() and not any(source.covers(table) for source in sources):
        raise UserError(
            f"{table}: No such file or directory; expected the table that data.table in "
            "params.yaml names (`twinserve adopt TABLE --label COLUMN` writes it there)"
        )


def check_unchanged(before: str, after: str) -> None:
    """Compare two texts of ``dvc.lock``: one is a copy, for a build has no history to ask.

    Raises:
        DifferenceError: they differ; names the stages, and shows the lines.
    """
    old, new = (_stages(text) for text in (before, after))
    changed = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    if not changed:
        return
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), "dvc.lock as committed", "dvc.lock as reproduced",
        n=1, lineterm="",
    )  # fmt: skip
    print("\n".join(lines))
    raise DifferenceError(
        f"dvc.lock is not what this tree gives: {', '.join(changed)}; "
        "run `make repro` and commit dvc.lock with the change that caused it"
    )


def _stages(lock: str) -> dict[str, Any]:
    stages: dict[str, Any] = parse_yaml((lock or "{}").encode(), str(LOCK)).get("stages", {})
    return stages


def _read_lock() -> str:
    return LOCK.read_text(encoding="utf-8") if LOCK.exists() else ""
