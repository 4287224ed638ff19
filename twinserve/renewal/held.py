"""Packages that are held back, with the version that broke something: ``locks/held.json``."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from packaging.version import Version

from twinserve.config.errors import UserError
from twinserve.renewal.halves import Culprit

HELD = Path("locks/held.json")


@dataclass(frozen=True, slots=True)
class Held:
    """A package whose version is not taken.

    Attributes:
        version: the one that broke something; a later one is tried again.
        since: the day on which the package was first held back, whatever its version was.
        check: what did not pass.
        line: of that check's log.
    """

    package: str
    version: str
    since: str
    check: str
    line: str


def read_held(tree: Path) -> tuple[Held, ...]:
    """What the tree holds back; nothing without the file.

    Raises:
        UserError: it is not of this form.
    """
    path = tree / HELD
    if not path.exists():
        return ()
    try:
        return tuple(Held(**entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (TypeError, ValueError) as error:
        raise UserError(f"{HELD}: {error}; `twinserve renew` writes it, so restore it") from None


def write_held(tree: Path, held: Iterable[Held]) -> None:
    """Write the file; remove it where nothing is held back."""
    entries = [asdict(entry) for entry in sorted(held, key=lambda entry: entry.package)]
    if entries:
        (tree / HELD).write_text(json.dumps(entries, indent=2) + "\n", encoding="utf-8")
    else:
        (tree / HELD).unlink(missing_ok=True)


def held_after(
    before: Iterable[Held],
    culprits: Iterable[Culprit],
    offered: Mapping[str, str],
    locked: Mapping[str, str],
    today: date,
) -> tuple[Held, ...]:
    """The packages that are held back from now on.

    ``offered`` has the versions that were tried, ``locked`` those that are in the locks now. A
    package that has come to the version, or is gone, is held back no longer.
    """
    earlier = {entry.package: entry for entry in before}
    kept = {
        name: entry
        for name, entry in earlier.items()
        if name in locked and Version(locked[name]) < Version(entry.version)
    }
    for culprit in culprits:
        name, failure = culprit.name, culprit.failure
        since = earlier[name].since if name in kept else today.isoformat()
        kept[name] = Held(name, offered[name], since, failure.check, failure.line)
    return tuple(kept[name] for name in sorted(kept))
