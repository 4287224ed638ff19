"""What is kept in the bucket of each image that was pushed and of each release that had traffic."""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from config.errors import UserError
from delivery.cloud import Cloud
from delivery.identity import Identity
from delivery.names import image_path
from targets.storage import read_lines, write_object

RELEASES = "releases"
BUILDS = "builds"


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """An image that was pushed.

    Attributes:
        image: by digest: ``HOST/PROJECT/REPOSITORY/NAME@sha256:…``.
    """

    release: str
    image: str
    commit: str
    model_sha256: str
    bundle: str


@dataclass(frozen=True, slots=True)
class Record:
    """A release that has had traffic.

    Attributes:
        revisions: by target.
        digests: of the images, by target; the function's is made by Google's build.
        example: a request's features whose answer is known to be ``expected``.
        promoted_at: UTC, ISO 8601.
    """

    release: str
    version: str
    commit: str
    dvc_lock: str
    model_sha256: str
    bundle: str
    revisions: dict[str, str]
    digests: dict[str, str]
    example: list[float]
    expected: int
    promoted_at: str
    promoted_by: str


def build_record(cloud: Cloud, identity: Identity, digest: str) -> BuildRecord:
    """What is to be kept of an image of the release that has been pushed under ``digest``."""
    return BuildRecord(
        release=identity.name,
        image=f"{image_path(cloud.deployment, cloud.gcloud.project)}@{digest}",
        commit=identity.commit,
        model_sha256=identity.model_sha256,
        bundle=identity.bundle,
    )


def write_build(cloud: Cloud, build: BuildRecord) -> None:
    """Keep it, over an earlier one of the same release.

    Raises:
        GcloudError: it cannot be written.
    """
    url = cloud.object_url(f"{BUILDS}/{build.release}.json")
    write_object(cloud.gcloud, url, json.dumps(asdict(build)) + "\n")


def read_image(cloud: Cloud, release: str) -> str:
    """The image of a release, by digest.

    Raises:
        UserError: none was pushed, or its record cannot be read.
    """
    url = cloud.object_url(f"{BUILDS}/{release}.json")
    lines = read_lines(cloud.gcloud, url)
    if not lines:
        raise UserError(
            f"no image of {release} was pushed; do it with `python -m delivery build --push`"
        )
    try:
        return BuildRecord(**json.loads(lines[0])).image
    except (ValueError, TypeError) as error:
        raise UserError(f"{url} is not the record of an image: {error}") from None


def write_record(cloud: Cloud, record: Record) -> None:
    """Keep it, over an earlier one of the same release.

    Raises:
        GcloudError: it cannot be written.
    """
    url = cloud.object_url(f"{RELEASES}/{record.release}.json")
    write_object(cloud.gcloud, url, json.dumps(asdict(record)) + "\n")


def read_records(cloud: Cloud) -> list[Record]:
    """All of them, the one promoted last at the end.

    Raises:
        UserError: one of them is not a record.
    """
    try:
        records = [
            Record(**json.loads(line))
            for line in read_lines(cloud.gcloud, cloud.object_url(f"{RELEASES}/*.json"))
        ]
    except (ValueError, TypeError) as error:
        url = cloud.object_url(RELEASES)
        raise UserError(f"{url} holds something that is not a record: {error}") from None
    return sorted(records, key=lambda record: record.promoted_at)


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
