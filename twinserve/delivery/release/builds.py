"""The bucket's files of each build: its image, its function's source, and a record of both.

Built, attested and released are three steps, which need not run on one machine: a release takes
all that it needs from here.
"""

import hashlib
import json
import tempfile
from collections.abc import Collection
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.archive import pack
from twinserve.delivery.bundle.assembly import DIST
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.bundle.manifest import read_manifest, read_verified
from twinserve.delivery.console import first_fault
from twinserve.delivery.names import image_path
from twinserve.delivery.project import Cloud
from twinserve.targets.google.storage import (
    Listed,
    list_objects,
    read_object,
    read_objects,
    upload,
    write_object,
)

BUILDS = "builds"
COMMITS = "commits"
FUNCTIONS = "functions"
ARCHIVE = "function.tar.gz"
# What a dry run prints where a digest will stand.
UNKNOWN_DIGEST = "sha256:…"


@dataclass(frozen=True, slots=True)
class BuildRecord:
    """An image that was pushed, and the function's source that was put beside it.

    Attributes:
        image: by digest: ``HOST/PROJECT/REPOSITORY/NAME@sha256:…``.
        function: SHA-256 of the archive of the function's source; as the rest, None in a record of
            an earlier version, whose image can still be released beside what lies in ``dist/``.
        service: SHA-256 of each file of the service's bundle, so that the hash of both can be made.
        reproduced_by: see ``Identity``; as the next.
    """

    release: str
    image: str
    commit: str
    model_sha256: str
    bundle: str
    version: str | None = None
    dvc_lock: str | None = None
    function: str | None = None
    service: dict[str, str] | None = None
    reproduced_by: str | None = None
    reproduced_at: str | None = None

    @property
    def identity(self) -> Identity:
        """The release that was built.

        Raises:
            UserError: an earlier version has built it.
        """
        if self.version is None or self.dvc_lock is None:
            raise UserError(
                f"{self.release} was built before builds were kept whole; build it again: "
                "`twinserve build --push`"
            )
        return Identity(
            name=self.release,
            version=self.version,
            commit=self.commit,
            dvc_lock=self.dvc_lock,
            model_sha256=self.model_sha256,
            bundle=self.bundle,
            reproduced_by=self.reproduced_by,
            reproduced_at=self.reproduced_at,
        )


_BUILD = TypeAdapter(BuildRecord)


def build_record(
    cloud: Cloud,
    identity: Identity,
    digest: str,
    function: str | None = None,
) -> BuildRecord:
    """The record of a release whose image has been pushed under ``digest``."""
    return BuildRecord(
        release=identity.name,
        image=f"{image_path(cloud.deployment, cloud.project)}@{digest}",
        commit=identity.commit,
        model_sha256=identity.model_sha256,
        bundle=identity.bundle,
        version=identity.version,
        dvc_lock=identity.dvc_lock,
        function=function,
        service=read_manifest(DIST / "service").files,
        reproduced_by=identity.reproduced_by,
        reproduced_at=identity.reproduced_at,
    )


def keep_build(cloud: Cloud, identity: Identity, digest: str) -> BuildRecord:
    """Put the function's source into the bucket, then the record, by release and by commit.

    Raises:
        UserError: the function's bundle is not what was assembled, or the bucket does not take it.
    """
    content = pack(read_verified(DIST / "function"))
    build = build_record(cloud, identity, digest, hashlib.sha256(content).hexdigest())
    url = cloud.object_url(_archive(build))
    if cloud.dry_run:
        upload(cloud.gcloud, Path(ARCHIVE), url)
    else:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / ARCHIVE
            path.write_bytes(content)
            upload(cloud.gcloud, path, url)
    text = json.dumps(asdict(build)) + "\n"
    for name in (f"{BUILDS}/{build.release}", f"{COMMITS}/{build.commit}"):
        write_object(cloud.gcloud, cloud.object_url(f"{name}.json"), text)
    return build


def read_build(cloud: Cloud, release: str) -> BuildRecord:
    """The build of a release.

    Raises:
        UserError: there is none, or its record cannot be read.
    """
    missing = f"no image of {release} was pushed; do it with `twinserve build --push`"
    return _read(cloud, f"{BUILDS}/{release}.json", missing)


def read_build_of_commit(cloud: Cloud, commit: str) -> BuildRecord:
    """The last build of a commit.

    Raises:
        UserError: there is none, or its record cannot be read.
    """
    missing = f"nothing was built of commit {commit}; do it with `twinserve submit`, or "
    return _read(cloud, f"{COMMITS}/{commit}.json", f"{missing}`twinserve build --push`")


def read_archive(cloud: Cloud, build: BuildRecord) -> bytes:
    """The function's source as it was built, compared with the record.

    Raises:
        UserError: it is not there, or another.
    """
    if build.function is None:
        _ = build.identity
        raise UserError(f"the build of {build.release} kept no source of the function")
    url = cloud.object_url(_archive(build))
    content = next(iter(read_objects(cloud.gcloud, url).values()), None)
    if content is None:
        raise UserError(f"{url} is gone; build it again: `twinserve build --push`")
    digest = hashlib.sha256(content).hexdigest()
    if digest != build.function:
        raise UserError(f"{url} has SHA-256 {digest[:12]}, not the one of its record and its name")
    return content


def list_old(cloud: Cloud, kept: Collection[str], before: datetime) -> list[Listed]:
    """Records and archives that no release needs: of none that is kept, and written before then.

    What was written since may be about to be released.

    Raises:
        GcloudError: the bucket cannot be read.
    """
    every = list_objects(cloud.gcloud, cloud.object_url("**"))
    folders = {BUILDS, COMMITS, FUNCTIONS}
    listed = [entry for entry in every if entry.name.partition("/")[0] in folders]
    records: dict[str, BuildRecord] = {}
    for folder in (BUILDS, COMMITS):
        objects = read_objects(cloud.gcloud, cloud.object_url(f"{folder}/*.json"))
        for name, content in objects.items():
            # Nothing can be released by a record that is none.
            with suppress(ValidationError):
                records[f"{folder}/{name}"] = _BUILD.validate_json(content)
    new = {entry.name for entry in listed if entry.updated >= before}
    stay = {
        name: record for name, record in records.items() if name in new or record.release in kept
    }
    needed = {*new, *stay, *(_archive(record) for record in stay.values())}
    return [entry for entry in listed if entry.name not in needed]


def _archive(build: BuildRecord) -> str:
    return f"{FUNCTIONS}/{build.function}.tar.gz"


def _read(cloud: Cloud, name: str, missing: str) -> BuildRecord:
    stored = read_object(cloud.gcloud, cloud.object_url(name))
    if stored is None:
        raise UserError(missing)
    try:
        return _BUILD.validate_json(stored.text)
    except ValidationError as error:
        url = cloud.object_url(name)
        raise UserError(f"{url} is not the record of a build: {first_fault(error)}") from None
