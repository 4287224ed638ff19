"""Locked packages that their makers have taken back: "yanked" at the index (PEP 592).

uv asks the index that the user has, and warns of each.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.oldest import oldest_python
from twinserve.delivery.bundle.pins import Pins, read_rooms
from twinserve.targets.environment import run_uv

_WARNING = re.compile(
    r"warning: `(?P<name>[\w.-]+)==(?P<version>\S+)` is yanked(?: \(reason: \"(?P<why>.*)\"\))?"
)


@dataclass(frozen=True, slots=True)
class Yanked:
    """A version that is locked all the same.

    Attributes:
        why: in its makers' words; empty where they say nothing.
        rooms: the locks that have it.
    """

    name: str
    version: str
    why: str
    rooms: tuple[str, ...]


def find_yanked(tree: Path) -> tuple[Yanked, ...]:
    """The yanked versions of all locks.

    Raises:
        UserError: the index cannot be asked, or does not have what is locked.
    """
    rooms = read_rooms(tree)
    python = oldest_python(tree)
    yanked = {pin for pins in _layers(rooms.values()) for pin in _ask(pins, python)}
    return tuple(
        Yanked(
            name,
            version,
            why,
            tuple(room for room, pins in rooms.items() if pins.get(name) == version),
        )
        for name, version, why in sorted(yanked)
    )


def _layers(rooms: Iterable[Pins]) -> Iterator[dict[str, str]]:
    """All pins, in as few sets as have each package once."""
    versions: dict[str, list[str]] = {}
    for pins in rooms:
        for name, version in pins.items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    while left := {name: each.pop() for name, each in versions.items() if each}:
        yield left


def _ask(pins: Mapping[str, str], python: str) -> Iterator[tuple[str, str, str]]:
    """Name, version and reason of those that uv warns of."""
    with tempfile.NamedTemporaryFile("w", suffix=".in", encoding="utf-8") as file:
        file.writelines(f"{name}=={version}\n" for name, version in pins.items())
        file.flush()
        words = ["--no-deps", "--universal", f"--python-version={python}", "--color=never"]
        done = run_uv("pip", "compile", *words, file.name)
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        raise UserError(f"uv could not ask the index: {said} Fix: see that it can be reached")
    for match in _WARNING.finditer(done.stderr):
        yield match["name"], match["version"], match["why"] or ""
