"""Newer versions in the locks of all rooms together, as far as they fit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from packaging.version import Version

from twinserve.config.errors import UserError
from twinserve.config.params import Renewal
from twinserve.delivery.bundle.locks import (
    APART,
    PEER_LOCKS,
    SERVER_LOCKS,
    WIDEST,
    Newer,
    lock,
)
from twinserve.delivery.bundle.pins import LOCKS, Change, changes, read_rooms
from twinserve.renewal.fit import RESOLVE, Failure, FitError, Passed, fit
from twinserve.renewal.halves import Search, search
from twinserve.renewal.held import Held, held_after, read_held, write_held
from twinserve.targets.git import Checkout

# Rooms that no check installs.
UNTRIED = (
    APART,
    *(f"{folder.relative_to(LOCKS).as_posix()}/" for folder in (PEER_LOCKS, SERVER_LOCKS)),
)
# What the cache does not have of the outputs is made.
OUTPUTS = ("--allow-missing",)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The packages to renew, and the rules for it.

    Attributes:
        names: of packages; empty: all. A package that is named is tried though it was held back.
        at_once: packages that are taken however late they came.
        engine: whether the engine's suite is one of the checks.
        log: of all that the checks print.
    """

    names: tuple[str, ...]
    at_once: tuple[str, ...]
    rules: Renewal
    engine: bool
    log: Path


@dataclass(frozen=True, slots=True)
class Brought:
    """What has come into a tree.

    Attributes:
        held: what is held back from now on, earlier entries among it.
        fits: number of times that a set of versions was installed and checked.
    """

    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    passed: tuple[Passed, ...]
    fits: int


def bring_in(tree: Checkout, wanted: Wanted) -> Brought:
    """Resolve, try, hold back what does not fit, and leave the tree with the rest, uncommitted.

    Raises:
        UserError: uv finds no versions that fit, or the bound of tries was reached.
    """
    return _Renewing(tree, wanted).bring_in()


class _Renewing:
    """A tree into which newer versions are to come."""

    def __init__(self, tree: Checkout, wanted: Wanted) -> None:
        self._tree, self._wanted = tree, wanted
        self._commit = tree.ask("rev-parse", "HEAD")
        self._rooms = read_rooms(tree.directory)
        self._pins = _own(self._rooms)
        self._before = datetime.now(UTC) - timedelta(days=wanted.rules.min_age_days)
        self._bounds: tuple[str, ...] = ()
        self._candidates: tuple[str, ...] = ()
        # What the tree's locks were made for.
        self._locked: tuple[Newer, bool] | None = None
        self._passed: tuple[Passed, ...] = ()

    def bring_in(self) -> Brought:
        held = read_held(self._tree.directory)
        offered = self._offer(held)
        if not changes(self._rooms, read_rooms(self._tree.directory)):
            return Brought((), held, (), 0)
        self._candidates = _higher(self._pins, offered)
        # Without any, what has changed follows from none: versions that went down, or peers' alone.
        result = self._search() if self._candidates else self._take_whole()
        if result.failure:
            raise UserError(self._given_up(result.fits, result.failure))
        if self._candidates and not result.kept:
            self._reset()
        new = read_rooms(self._tree.directory)
        today = datetime.now(UTC).date()
        after = held_after(held, result.culprits, offered, _own(new), today)
        write_held(self._tree.directory, after)
        return Brought(changes(self._rooms, new), after, self._passed, result.fits)

    def _offer(self, held: Sequence[Held]) -> Mapping[str, str]:
        """The versions of the whole set, without those that are known to break something."""
        known = {entry.package: entry.version for entry in held if entry.package in self._pins}
        while True:
            self._lock(Newer(self._wanted.names, self._before, self._wanted.at_once, self._bounds))
            offered = _own(read_rooms(self._tree.directory))
            again = [
                name
                for name, version in known.items()
                if name not in self._wanted.names and offered.get(name) == version
            ]
            if not again:
                return offered
            self._bounds += self._as_locked(again)
            for name in again:
                del known[name]

    def _search(self) -> Search:
        print(f"newer: {', '.join(self._candidates)}", flush=True)
        return search(self._candidates, self._attempt, self._wanted.rules.most_fits)

    def _take_whole(self) -> Search:
        failure = self._fit(None)
        return Search((), (), 1, failure)

    def _attempt(self, names: Sequence[str], until: str | None) -> Failure | None:
        print(f"trying {', '.join(names) or 'the tree as it stands'}", flush=True)
        if not names:
            self._reset()
            return self._fit(until)
        bounds, chosen = self._bounds, tuple(names)
        if until is None:
            # All that is left: with everything that follows from it, and without what was left out.
            left_out = sorted(set(self._candidates) - set(names))
            bounds, chosen = (*bounds, *self._as_locked(left_out)), self._wanted.names
        try:
            newer = Newer(chosen, self._before, self._wanted.at_once, bounds)
            # No check has anything to do with the rooms apart.
            self._lock(newer, apart=until is None)
        except UserError as error:
            return Failure(RESOLVE, str(error))
        return self._fit(until)

    def _fit(self, until: str | None) -> Failure | None:
        log, engine = self._wanted.log, self._wanted.engine
        try:
            self._passed = fit(
                self._tree.directory, log, outputs=OUTPUTS, engine=engine, until=until
            )
        except FitError as error:
            print(f"  {error}", flush=True)
            return error.failure
        return None

    def _lock(self, newer: Newer, *, apart: bool = True) -> None:
        if self._locked == (newer, apart):
            return
        self._reset()
        lock(self._tree.directory, newer, apart=apart)
        self._locked = newer, apart

    def _reset(self) -> None:
        self._locked = None
        self._tree.ask("reset", "--quiet", "--hard", self._commit)

    def _as_locked(self, names: Sequence[str]) -> tuple[str, ...]:
        return tuple(f"{name}=={self._pins[name]}" for name in names)

    def _given_up(self, fits: int, failure: Failure) -> str:
        named = ", ".join(self._candidates)
        if not self._candidates:
            return f"{failure.check}: {failure.line}; see {self._wanted.log}"
        return (
            f"{failure.check}: {failure.line}; after {fits} fits (renewal.most_fits) it is not "
            f"known which of {named} breaks it, so all are held back; see {self._wanted.log}"
        )


def _own(rooms: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The versions of the project's own rooms; the widest one's, where one takes them back."""
    own: dict[str, str] = {}
    for room, pins in rooms.items():
        if not room.startswith(UNTRIED):
            own |= pins
    return {**own, **rooms[WIDEST]}


def _higher(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(
        sorted(
            name
            for name, version in new.items()
            if name in old and Version(old[name]) < Version(version)
        )
    )
