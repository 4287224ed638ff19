"""One release at a time: an object in the bucket, created only if there is none.

It also carries where traffic stood before, so that whoever comes after a release that died can put
that back: nothing is kept on the machine that ran it. And a rollback that finds a release under way
writes into it that it asks for the stop; the release looks, puts both back, and yields.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from uuid import uuid4

from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud, current_owner
from twinserve.delivery.release.lock_object import Held, Lock, parse_lock
from twinserve.targets.google.gcloud import GcloudError, Reason
from twinserve.targets.google.storage import (
    ABSENT,
    delete_object,
    read_generation,
    read_object,
    write_object,
)

NAME = "lock.json"
# How often a rollback looks whether the release has yielded; each look is a call of its own.
LOOK_AGAIN_S = 2.0
# Of a write whose answer was lost, after which the generation is another.
MOST_TRIES = 3

# Percent of the traffic by revision, by service; empty for a service that did not exist.
Positions = Mapping[str, Mapping[str, int]]


class LockedError(UserError):
    """Somebody else is releasing."""

    exit_code = 3


class KeepLockError(UserError):
    """Traffic is not as it should be: the lock stays, since it says where traffic stood before."""

    exit_code = 5


class StopAskedError(UserError):
    """A rollback has asked for the stop: both are put back, and the lock is given up."""

    exit_code = 6


class Lease:
    """The lock, while it is ours.

    Attributes:
        dead: the lock that was taken over, or given up at our request; None if there was none, or
            none that could be read.
    """

    def __init__(self, cloud: Cloud, lock: Lock, generation: str, dead: Lock | None = None) -> None:
        self._cloud = cloud
        self._lock = lock
        self._generation = generation
        self.dead = dead

    def keep_positions(self, before: Positions) -> None:
        """Write down where traffic stands; before anything is changed.

        Raises:
            LockedError: the lock is no longer ours.
            StopAskedError: a rollback wants it.
        """
        self._lock = replace(
            self._lock, before={name: dict(shares) for name, shares in before.items()}
        )
        self._write()

    def renew(self) -> None:
        """Take the whole time anew; called just before traffic moves.

        Raises:
            LockedError: the lock is no longer ours.
            StopAskedError: a rollback wants it.
        """
        self._write()

    def check(self) -> None:
        """Look whether it is still ours, and still to be used; between two changes.

        Raises:
            LockedError: the lock is no longer ours.
            StopAskedError: a rollback wants it.
        """
        if self._cloud.dry_run:
            return
        if read_generation(self._cloud.gcloud, self._url) != self._generation:
            self._adopt()

    @property
    def _url(self) -> str:
        return self._cloud.object_url(NAME)

    def _write(self) -> None:
        for _ in range(MOST_TRIES):
            text = self._lock.to_json()
            try:
                self._generation = write_object(
                    self._cloud.gcloud, self._url, text, generation=self._generation
                )
            except GcloudError as error:
                if error.reason is not Reason.PRECONDITION:
                    raise
                self._adopt()
            else:
                return
        raise LockedError("the lock changes again and again; run `twinserve status`")

    def _adopt(self) -> None:
        """Go on with another generation of our own lock.

        Raises:
            LockedError: the lock is no longer ours.
            StopAskedError: a rollback has written into it.
        """
        held = read_held(self._cloud)
        if held is None or held.lock.id != self._lock.id:
            raise LockedError(
                "the lock was taken over meanwhile; nothing more is changed from here. "
                "See `twinserve status`"
            )
        self._generation = held.generation
        if held.lock.stop is not None:
            raise StopAskedError(f"stopped: {held.lock.stop} asked for it, and has the lock next")

    def release(self) -> None:
        """Give it back, unless it is no longer ours; what cannot be given back expires."""
        cloud = self._cloud.hurried()
        for _ in range(MOST_TRIES):
            try:
                delete_object(cloud.gcloud, self._url, generation=self._generation)
            except GcloudError as error:
                if error.reason is Reason.NOT_FOUND:
                    return
                if error.reason is not Reason.PRECONDITION:
                    cloud.say(f"the lock stays until its lease is over: {error}")
                    return
            else:
                return
            # Somebody has asked for the stop: the object is another, and still ours to delete.
            try:
                self._adopt()
            except StopAskedError:
                continue
            except UserError:
                return


@contextmanager
def leased(
    cloud: Cloud,
    purpose: str,
    *,
    take_over: bool,
    yields: bool = False,
    stops: bool = False,
) -> Iterator[Lease]:
    """Hold the lock; it is kept when leaving with ``KeepLockError``, else given back.

    Whoever ``yields`` looks at it between its changes; whoever ``stops`` asks such a holder to give
    it up, and waits for that.

    Raises:
        LockedError: somebody else holds it, and neither has it expired nor is it to be taken over.
    """
    mine = Lock(
        owner=current_owner(),
        purpose=purpose,
        id=uuid4().hex,
        lease_s=cloud.deployment.lock_lease_s,
        yields=yields,
    )
    lease = _acquire(cloud, mine, take_over=take_over, stops=stops)
    try:
        yield lease
    except KeepLockError:
        raise
    except BaseException:
        lease.release()
        raise
    lease.release()


def read_held(cloud: Cloud) -> Held | None:
    """The lock as it stands, whoever holds it, and whatever the object holds.

    Raises:
        GcloudError: it cannot be read.
    """
    stored = read_object(cloud.gcloud, cloud.object_url(NAME))
    return None if stored is None else parse_lock(stored, cloud.deployment.lock_lease_s)


def _acquire(cloud: Cloud, mine: Lock, *, take_over: bool, stops: bool) -> Lease:
    """Create the object, or take it from a holder who is dead or has been asked for it.

    Raises:
        LockedError: somebody else holds it.
    """
    asked: Held | None = None
    while True:
        generation = _write_over(cloud, mine, ABSENT)
        if generation is not None:
            return Lease(cloud, mine, generation, _known(asked))
        held = read_held(cloud)
        if held is None:
            if asked is None:
                raise LockedError("the lock was held a moment ago and is free now: run it again")
            continue
        if take_over or held.expired():
            return _take_over(cloud, mine, held)
        if not (stops and held.lock.yields):
            raise LockedError(
                f"{held.lock.owner} holds the lock for {held.lock.purpose}, until "
                f"{held.ends:%Y-%m-%d %H:%M:%S} UTC at the latest; wait, or give --take-over if it "
                "is known to be dead"
            )
        if held.lock.stop is None:
            _ask_for_stop(cloud, held, mine.owner)
        else:
            time.sleep(LOOK_AGAIN_S)
        asked = held


def _ask_for_stop(cloud: Cloud, held: Held, who: str) -> None:
    """Write into the lock that its holder is to give it up; if it has changed, it is looked again.

    Raises:
        GcloudError: it cannot be written.
    """
    # The holder's lease goes on from this write: it is alive, or expires as it would have.
    asking = replace(held.lock, stop=who)
    if _write_over(cloud, asking, held.generation) is not None:
        cloud.say(
            f"{held.lock.owner} is at {held.lock.purpose}: asked for its stop; it puts both back "
            "when its present call has ended"
        )


def _take_over(cloud: Cloud, mine: Lock, held: Held) -> Lease:
    cloud.say(f"taking over the lock of {held.lock.owner} ({held.lock.purpose})")
    mine = replace(mine, before=held.lock.before)
    generation = _write_over(cloud, mine, held.generation)
    if generation is None:
        raise LockedError("somebody else was quicker in taking over the lock")
    return Lease(cloud, mine, generation, _known(held))


def _known(held: Held | None) -> Lock | None:
    """The contents of a lock; nothing of one that could not be read."""
    return None if held is None or held.fault else held.lock


def _write_over(cloud: Cloud, lock: Lock, generation: str) -> str | None:
    """Write it over that generation; None if another is there."""
    url = cloud.object_url(NAME)
    try:
        return write_object(cloud.gcloud, url, lock.to_json(), generation=generation)
    except GcloudError as error:
        if error.reason is Reason.PRECONDITION:
            return None
        raise
