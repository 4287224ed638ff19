"""``twinserve fetch``: have the sources in the tree, and nothing else; for workflows too.

Where ``training.reproduce`` is ``nightly`` the outputs are fetched like sources.
"""

import argparse
import json
import os
from contextlib import chdir
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.data import dvc as data
from twinserve.delivery.data.agreement import check_lock, check_one_place
from twinserve.delivery.data.cached import share_cache
from twinserve.delivery.data.fetch import fetch_sources
from twinserve.delivery.data.sources import find_sources
from twinserve.delivery.data.taken import LOCK, is_taken, take
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
    """What can be said without the table: the hashes agree by now; which stages would run."""
    print(f"not checked: {why}")
    print("what the stages would do, were it here (`dvc repro --allow-missing --dry`):")
    data.dvc("repro", "--allow-missing", "--dry")
    unread.parent.mkdir(parents=True, exist_ok=True)
    unread.write_text(json.dumps({"unchecked": why}) + "\n", encoding="utf-8")
