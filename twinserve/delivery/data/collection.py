"""What may be deleted from DVC's remote: by DVC's own command, which is only ever printed."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from twinserve.delivery.data.dvc import DIRECTORY
from twinserve.delivery.data.remotes import default_remote
from twinserve.targets.git import Checkout

# DVC takes a date as midnight of whichever place it is run in.
_MARGIN = timedelta(days=1)


def collection(commits: Sequence[str]) -> list[str]:
    """The command that keeps what every branch, tag and these commits name; none without a remote.

    A rollback takes nothing from DVC's remote. What it puts back can be reproduced for as long as
    the objects of its commit are kept.
    """
    if not Path(DIRECTORY).is_dir() or not Path(".git").exists() or default_remote() is None:
        return []
    checkout = Checkout(Path.cwd())
    times = _others_branches(checkout)
    for commit in commits:
        told = checkout.run("show", "--no-patch", "--format=%ct", commit)
        if told.code:
            named = f"DVC's remote: commit {commit[:12]} of a release that stays is not here"
            return [f"{named}: `git fetch`, then ask again for what no release needs"]
        times.append(int(told.out))
    since = f" --date {_day_before(min(times))}" if times else ""
    command = f"dvc gc --cloud --workspace --all-branches --all-tags{since}"
    kept = "what the releases that stay were made from, and every branch"
    return [f"DVC's remote, by hand: `{command}` keeps {kept} as of the last `git fetch --prune`"]


def _others_branches(checkout: Checkout) -> list[int]:
    """When the last commit of each branch of git's remotes was made.

    DVC's ``--all-branches`` means those of this clone alone; its ``--date`` looks at all.
    """
    told = checkout.ask("for-each-ref", "--format=%(committerdate:unix)", "refs/remotes")
    return [int(line) for line in told.splitlines()]


def _day_before(time: int) -> date:
    return datetime.fromtimestamp(time, UTC).date() - _MARGIN
