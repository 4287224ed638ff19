"""The bucket's records of each release that had traffic."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from twinserve.config.errors import UserError
from twinserve.delivery.console import first_fault, one_line
from twinserve.delivery.project import Cloud
from twinserve.targets.google.storage import read_objects, write_object

RELEASES = "releases"


@dataclass(frozen=True, slots=True)
class Record:
    """A release that has had traffic.

    Attributes:
        revisions: by target.
        digests: of the images, by target; the function's is made by Google's build.
        example: a request's features whose answer is known to be ``expected``.
        promoted_at: UTC, ISO 8601.
        attested: the repository whose attestations of image and function were verified before the
            promotion; None if nothing was.
        reproduced_by: what makes the model anew and compares every byte, ``push`` or ``nightly``;
            as the next, None in a record of an earlier version.
        reproduced_at: when that last went well before the release, UTC; None if it had not yet, or
            nobody could tell.
    """

    release: str
    version: str
    commit: str
    dvc_lock: str
    model_sha256: str
    bundle: str
    revisions: dict[str, str]
    digests: dict[str, str]
    example: list[float] | dict[str, Any]
    expected: float
    promoted_at: str
    promoted_by: str
    attested: str | None = None
    reproduced_by: str | None = None
    reproduced_at: str | None = None


@dataclass(frozen=True, slots=True)
class Records:
    """All that is in the bucket.

    Attributes:
        good: records that can be read, the last promotion at the end.
        bad: what is wrong with the others, by release.
    """

    good: tuple[Record, ...]
    bad: Mapping[str, str]

    def of(self, release: str) -> Record | None:
        """The record of a release, or None.

        Raises:
            UserError: it cannot be read.
        """
        if release in self.bad:
            raise UserError(f"{_name(release)} is not a record: {self.bad[release]}")
        return next((record for record in self.good if record.release == release), None)


_RECORD = TypeAdapter(Record)


def write_record(cloud: Cloud, record: Record) -> None:
    """Keep it, over an earlier one of the same release.

    Raises:
        GcloudError: it cannot be written.
    """
    url = cloud.object_url(_name(record.release))
    write_object(cloud.gcloud, url, json.dumps(asdict(record)) + "\n")


def read_records(cloud: Cloud, release: str = "*") -> Records:
    """All of them, or that of one release; those that are none are said, and passed over.

    Raises:
        GcloudError: they cannot be read.
    """
    good, bad = [], {}
    for name, content in read_objects(cloud.gcloud, cloud.object_url(_name(release))).items():
        try:
            good.append(_parse(content, cloud.targets))
        except ValueError as error:
            bad[name.removesuffix(".json")] = fault = one_line(str(error))
            cloud.say(f"{RELEASES}/{one_line(name)} is passed over, it is not a record: {fault}")
    return Records(tuple(sorted(good, key=lambda record: record.promoted_at)), bad)


def _name(release: str) -> str:
    return f"{RELEASES}/{release}.json"


def _parse(content: bytes, targets: Mapping[str, object]) -> Record:
    """A record of both targets.

    Raises:
        ValueError: it is none.
    """
    try:
        record = _RECORD.validate_json(content)
    except ValidationError as error:
        raise ValueError(first_fault(error)) from None
    for member in ("revisions", "digests"):
        if missing := targets.keys() - getattr(record, member).keys():
            raise ValueError(f"{member} has no {', '.join(sorted(missing))}")
    datetime.fromisoformat(record.promoted_at)
    return record
