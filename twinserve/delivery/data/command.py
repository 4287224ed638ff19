"""``twinserve fetch``: have the sources in the tree, and nothing else; for workflows too.

Where ``training.reproduce`` is ``nightly`` the outputs are fetched like sources.
"""

import argparse
import json
import os
from contextlib import chdir
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.agreement import check_lock, check_one_place
from twinserve.delivery.data.cached import share_cache
from twinserve.delivery.data.fetch import fetch_sources
from twinserve.delivery.data.sources import find_sources
from twinserve.delivery.data.taken import ENGINE, LOCK, is_taken, take
from twinserve.targets.github.workflow import set_outputs

# What the job that comes after is told of the table: fetched, or unreadable here.
OUTPUT = "table"
# Whether a pull request is a fork's or Dependabot's, and so has no login: the workflow says so.
WITHOUT_LOGIN = "WITHOUT_LOGIN"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take another tree, and where to say that nothing could be read."""
    parser.add_argument(
        "--base", type=Path, metavar="TREE", help="also the sources of this tree, into one cache"
    )
    parser.add_argument(
        "--unread",
        type=Path,
        metavar="FILE",
        help=f"where ${WITHOUT_LOGIN} is true and a source cannot be read: do what can be done "
        "without it, and write why into this file, for `review comment`",
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``fetch``."""
    fetch(arguments.base, arguments.unread)


def fetch(base: Path | None, unread: Path | None) -> None:
    """Bring every source that a stage reads, of both trees; a workflow is told how that went.

    Raises:
        UserError: git, DVC's files and ``dvc.lock`` disagree, or a source cannot be had, by
            somebody who should have it.
    """
    data.prepare()
    sources = find_sources()
    check_one_place(sources)
    check_lock(sources, LOCK)
    try:
        fetch_sources()
        if is_taken():
            take(strict=True)
        if base is not None:
            share_cache(base)
            with chdir(base):
                data.prepare()
                fetch_sources()
    except UserError as error:
        if unread is None or os.environ.get(WITHOUT_LOGIN) != "true":
            raise
        _without(str(error), unread)
        set_outputs({OUTPUT: "unreadable"})
    else:
        set_outputs({OUTPUT: "fetched"})


def _without(why: str, unread: Path) -> None:
    """What can be said without the table: the hashes agree by now; which stages are to be run."""
    stages = outdated()
    would = f"{', '.join(stages)} and what follows would run" if stages else "no stage would run"
    print(f"not checked: {why}")
    print(f"by dvc.lock, were it here: {would}")
    unread.parent.mkdir(parents=True, exist_ok=True)
    unread.write_text(json.dumps({"unchecked": f"{why}; by dvc.lock {would}"}) + "\n", "utf-8")


def outdated() -> list[str]:
    """The stages whose parameters, code or command are not those of ``dvc.lock``.

    That a file is missing is no difference. So says ``dvc repro --allow-missing --dry``, too, but
    it ends in an error at the first stage that it would run, if what that stage reads is missing.

    Raises:
        UserError: DVC cannot read the pipeline.
    """
    status = _status()
    if ENGINE in status:
        # The digests of the code are in no commit.
        data.dvc("repro", "--quiet", "--single-item", ENGINE)
        status = _status()
    return [name for name, entries in status.items() if any(map(_differs, entries))]


def _status() -> dict[str, list[Any]]:
    done = data.dvc("status", "--json", data.PIPELINE, capture=True)
    if done.returncode:
        raise UserError("dvc status failed; DVC's own line above says why")
    status: dict[str, list[Any]] = json.loads(done.stdout)
    return status


def _differs(entry: Any) -> bool:  # noqa: ANN401 - JSON
    """Whether an entry of a stage's status is more than a file that is missing, or not kept."""
    if not isinstance(entry, dict):
        return bool(entry != "always changed")
    return any(state != "deleted" for state in entry.get("changed deps", {}).values())
