"""What a run of ``renew.yml`` renews: what it was told by hand, or what its hour is for."""

import os
from dataclasses import dataclass
from typing import get_args

from twinserve.config.errors import UserError
from twinserve.renewal.proposal.outcome import Kind

# By the times in renew.yml.
SCHEDULES: dict[str, Kind] = {
    "23 3 * * 1": "packages",
    "23 4 2 * *": "tools",
    "53 5 * * 3": "data",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """A kind, and the names that go with it."""

    kind: Kind
    names: tuple[str, ...]


def read_planned() -> Planned:
    """From the workflow's environment.

    Raises:
        UserError: it names no kind.
    """
    given, schedule = os.environ.get("KIND", ""), os.environ.get("SCHEDULE", "")
    for kind in get_args(Kind):
        if kind == (given or SCHEDULES.get(schedule)):
            return Planned(kind, tuple(os.environ.get("NAMES", "").split()))
    raise UserError(
        f"KIND={given!r}, SCHEDULE={schedule!r}: expected one of {', '.join(get_args(Kind))}, "
        "as renew.yml gives it"
    )
