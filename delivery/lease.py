"""One release at a time: an object in the bucket, created only if there is none.

It also carries where traffic stood before, so that whoever comes after a release that died can put
that back: nothing is kept on the machine that ran it.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from config.errors import UserError
from delivery.cloud import Cloud, current_owner
from targets.gcloud import GcloudError, Reason
from targets.storage import ABSENT, delete_object, read_object, write_object

NAME = "lock.json"

# Percent of the traffic by revision, by service; empty for a service that did not exist.
Positions = Mapping[str, Mapping[str, int]]


class LockedError(UserError):
    """Somebody else is releasing."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of the lock object.

    Attributes:
        purpose: what the owner is doing, in words.
        expires: UTC, ISO 8601; after that the owner is taken to be dead.
        before: where traffic stood when the owner began; None until it has been read.
    """

    owner: str
    purpose: str
    expires: str
    before: Positions | None = None

    @property
    def expired(self) -> bool:
        """Whether its owner has had all of its time."""
        return datetime.fromisoformat(self.expires) <= datetime.now(UTC)

    def to_json(self) -> str:
        """The object's text."""
        return json.dumps(asdict(self)) + "\n"


class Lease:
    """The lock, while it is ours.

    Attributes:
        dead: the lock that was taken over, or None.
    """

    def __init__(self, cloud: Cloud, lock: Lock, generation: str, dead: Lock | None = None) -> None:
        self._cloud = cloud
        self._lock = lock
        self._generation = generation
        self.dead = dead

    def record(self, before: Positions) -> None:
        """Write down where traffic stands; before anything is changed.

        Raises:
            LockedError: the lock is no longer ours.
        """
        self._lock = replace(self._lock, before=before)
        self._write()

    def renew(self) -> None:
        """Take the whole time anew; called just before traffic moves.

        Raises:
            LockedError: the lock is no longer ours.
        """
        self._lock = replace(self._lock, expires=_expiry(self._cloud))
        self._write()

    def _write(self) -> None:
        url = self._cloud.object_url(NAME)
        text = self._lock.to_json()
        try:
            self._generation = write_object(
                self._cloud.gcloud, url, text, generation=self._generation
            )
        except GcloudError as error:
            if error.reason is Reason.PRECONDITION:
                raise LockedError(
                    "the lock was taken over meanwhile; nothing more is changed from here. "
                    "See `python -m delivery status`"
                ) from None
            raise

    def release(self) -> None:
        """Give it back, unless it is no longer ours; what cannot be given back expires."""
        url = self._cloud.object_url(NAME)
        try:
            delete_object(self._cloud.gcloud, url, generation=self._generation)
        except GcloudError as error:
            if error.reason not in {Reason.PRECONDITION, Reason.NOT_FOUND}:
                self._cloud.say(f"the lock stays until {self._lock.expires}: {error}")


@contextmanager
def leased(cloud: Cloud, purpose: str, *, take_over: bool) -> Iterator[Lease]:
    """Hold the lock; it is kept when leaving with ``KeepLockError``, else given back.

    Raises:
        LockedError: somebody else holds it, and neither has it expired nor is it to be taken over.
    """
    lease = _acquire(cloud, purpose, take_over=take_over)
    try:
        yield lease
    except KeepLockError:
        raise
    except BaseException:
        lease.release()
        raise
    lease.release()


class KeepLockError(UserError):
    """Traffic is not as it should be: the lock stays, since it says where traffic stood before."""

    exit_code = 5


def read_lock(cloud: Cloud) -> Lock | None:
    """The lock as it stands, whoever holds it.

    Raises:
        GcloudError: it cannot be read.
    """
    found = read_object(cloud.gcloud, cloud.object_url(NAME))
    return None if found is None else _parse(found.text)


def _acquire(cloud: Cloud, purpose: str, *, take_over: bool) -> Lease:
    url = cloud.object_url(NAME)
    mine = Lock(current_owner(), purpose, _expiry(cloud))
    try:
        generation = write_object(cloud.gcloud, url, mine.to_json(), generation=ABSENT)
    except GcloudError as error:
        if error.reason is not Reason.PRECONDITION:
            raise
    else:
        return Lease(cloud, mine, generation)
    held = read_object(cloud.gcloud, url)
    if held is None:
        raise LockedError("the lock was held a moment ago and is free now: run it again")
    theirs = _parse(held.text)
    if not (take_over or theirs.expired):
        raise LockedError(
            f"{theirs.owner} holds the lock for {theirs.purpose}, until {theirs.expires} at the "
            "latest; wait, or give --take-over if it is known to be dead"
        )
    cloud.say(f"taking over the lock of {theirs.owner} ({theirs.purpose})")
    mine = replace(mine, before=theirs.before)
    try:
        generation = write_object(cloud.gcloud, url, mine.to_json(), generation=held.generation)
    except GcloudError as error:
        if error.reason is Reason.PRECONDITION:
            raise LockedError("somebody else was quicker in taking over the lock") from None
        raise
    return Lease(cloud, mine, generation, theirs)


def _expiry(cloud: Cloud) -> str:
    until = datetime.now(UTC) + timedelta(seconds=cloud.deployment.lock_lease_s)
    return until.isoformat(timespec="seconds")


def _parse(text: str) -> Lock:
    try:
        return Lock(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise UserError(
            f"{NAME} in the releases bucket is not a lock ({error}); delete it if no release runs"
        ) from None
