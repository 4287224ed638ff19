"""What may be deleted from DVC's remote: by DVC's own command, which is only ever printed."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
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
    dates = []
    for commit in commits:
        told = checkout.run("show", "--no-patch", "--format=%ct", commit)
        if told.code:
            named = f"DVC's remote: commit {commit[:12]} of a release that stays is not here"
            return [f"{named}: `git fetch`, then ask again for what no release needs"]
        dates.append(datetime.fromtimestamp(int(told.out), UTC).date() - _MARGIN)
    since = f" --date {min(dates)}" if dates else ""
    command = f"dvc gc --cloud --workspace --all-branches --all-tags{since}"
    return [f"DVC's remote, by hand: `{command}` keeps what the releases that stay were made from"]
