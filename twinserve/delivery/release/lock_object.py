"""The contents of the lock object, whoever wrote it, and until when they count."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from twinserve.config.errors import UserError
from twinserve.delivery.console import first_fault, one_line
from twinserve.targets.google.storage import Object, server_time

LONGEST_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Lock:
    """The content of the object.

    Attributes:
        purpose: what the owner is doing, in words.
        id: of this holding, told apart from another of the same owner.
        lease_s: seconds from the object's last change; after that the owner is taken to be dead.
        before: where traffic stood when the owner began; None until it has been read.
        yields: whether the owner looks for ``stop``.
        stop: who asks the owner to give it up.
        expires: ISO 8601; of a lock that an earlier version wrote, or a person.
    """

    owner: str
    purpose: str
    id: str = ""
    lease_s: Annotated[int, Field(ge=1, le=LONGEST_S)] | None = None
    before: dict[str, dict[str, int]] | None = None
    yields: bool = False
    stop: str | None = None
    expires: str | None = None

    def to_json(self) -> str:
        members = {name: value for name, value in asdict(self).items() if value is not None}
        return json.dumps(members) + "\n"


@dataclass(frozen=True, slots=True)
class Held:
    """A lock as it was found.

    Attributes:
        ends: its lease, by the bucket's clock.
        fault: why it could not be read; its words are placeholders then.
    """

    lock: Lock
    generation: str
    ends: datetime
    fault: str | None = None

    def expired(self) -> bool:
        """Whether its owner has had all of its time, by the bucket's clock, not this machine's.

        Raises:
            UserError: the bucket does not say what time it is.
        """
        return self.ends <= server_time()


_LOCK = TypeAdapter(Lock)


def parse_lock(stored: Object, lease_s: int) -> Held:
    """A lock from its object; a damaged lock keeps others out for ``lease_s``, no longer."""
    ends = stored.updated + timedelta(seconds=lease_s)
    try:
        lock = _LOCK.validate_json(stored.text)
    except ValidationError as error:
        unknown = Lock(owner="somebody", purpose="something that cannot be read")
        return Held(unknown, stored.generation, ends, first_fault(error))
    if lock.lease_s is not None:
        ends = stored.updated + timedelta(seconds=lock.lease_s)
    if (told := _moment(lock.expires)) is not None:
        ends = min(ends, told)
    shown = Lock(
        owner=one_line(lock.owner),
        purpose=one_line(lock.purpose),
        id=lock.id,
        lease_s=lock.lease_s,
        before=lock.before,
        yields=lock.yields,
        stop=None if lock.stop is None else one_line(lock.stop),
        expires=lock.expires,
    )
    return Held(shown, stored.generation, ends)


def _moment(text: str | None) -> datetime | None:
    """A time as somebody wrote it, without a zone taken for UTC; None if it is none."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def has_expired(held: Held) -> bool | None:
    """Whether its lease is over; None where the bucket's time cannot be had."""
    try:
        return held.expired()
    except UserError:
        return None
