"""The versions that lock files name, and where two sets of lock files differ."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from packaging.utils import canonicalize_name
from packaging.version import Version

LOCKS = Path("locks")
_PIN = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[\w,-]+\])?==([^\s;\\]+)", re.MULTILINE)

Pins = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Change:
    """A package whose version differs; None where it is absent.

    Attributes:
        rooms: the lock files in which it differs so, by their names below ``locks/``.
    """

    name: str
    old: str | None
    new: str | None
    rooms: tuple[str, ...]


def read_pins(text: str) -> dict[str, str]:
    """Each package's version; the highest, where a lock names several by platform."""
    pins: dict[str, str] = {}
    for name, version in _PIN.findall(text):
        package = canonicalize_name(name)
        if package not in pins or Version(pins[package]) < Version(version):
            pins[package] = version
    return pins


def read_rooms(tree: Path) -> dict[str, dict[str, str]]:
    """The pins of each lock file of a tree, by its name below ``locks/``."""
    folder = tree / LOCKS
    return {
        path.relative_to(folder).with_suffix("").as_posix(): read_pins(
            path.read_text(encoding="utf-8")
        )
        for path in sorted(folder.rglob("*.txt"))
    }


def lowered(old: Pins, new: Pins) -> dict[str, str]:
    """The old version of each package that has gone down."""
    return {
        name: version
        for name, version in old.items()
        if name in new and Version(new[name]) < Version(version)
    }


def changes(old: Mapping[str, Pins], new: Mapping[str, Pins]) -> tuple[Change, ...]:
    """The differences, each package once for each pair of versions, sorted by name."""
    rooms: dict[tuple[str, str | None, str | None], list[str]] = {}
    for room in sorted({*old, *new}):
        before, after = old.get(room, {}), new.get(room, {})
        for name in {*before, *after}:
            if before.get(name) != after.get(name):
                rooms.setdefault((name, before.get(name), after.get(name)), []).append(room)
    moved = [Change(*key, tuple(sorted(where))) for key, where in rooms.items()]
    return tuple(sorted(moved, key=lambda change: (change.name, change.rooms)))


def names(moved: Iterable[Change]) -> tuple[str, ...]:
    """The packages, each once."""
    return tuple(sorted({change.name for change in moved}))
