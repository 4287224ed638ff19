"""What a release hands to Google, verified, in a private copy that nobody changes meanwhile."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, MANIFEST_NAME
from twinserve.delivery.bundle.archive import lay_out, unpack
from twinserve.delivery.bundle.assembly import DIST, combined_hash
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.bundle.manifest import compare, read_verified
from twinserve.delivery.names import BUNDLE_DIGITS
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.attestation import must_verify, verify_build
from twinserve.delivery.release.builds import BuildRecord, read_archive, read_build


@dataclass(frozen=True, slots=True)
class Payload:
    """A release, ready to be handed over.

    Attributes:
        image: of the service, by digest.
        function: folder with the function's source.
        attested: the repository that attests both; None if that was not verified.
    """

    identity: Identity
    card: Card
    image: str
    function: Path
    attested: str | None

    @property
    def card_path(self) -> Path:
        return self.function / CARD_NAME


@contextmanager
def open_payload(
    cloud: Cloud, identity: Identity, build: BuildRecord | None = None
) -> Iterator[Payload]:
    """The release of what lies in ``dist/``, or of a build, in a folder that goes afterwards.

    Where an attestation is asked for, the build is what is released: that is what was attested.

    Raises:
        UserError: something is not what was assembled, built or attested, or is not there.
    """
    kept = build or read_build(cloud, identity.name)
    if (kept.release, kept.bundle) != (identity.name, identity.bundle):
        raise UserError(f"the image of {identity.name} was built from another bundle; build it")
    attested = None
    if must_verify(cloud.deployment.require_attestation):
        archive = read_archive(cloud, kept)
        attested = verify_build(cloud, kept, archive)
        files = _built(identity, kept, archive)
    elif build is not None:
        files = _built(identity, kept, read_archive(cloud, kept))
    else:
        files = _assembled(identity)
    with tempfile.TemporaryDirectory(prefix="twinserve-") as directory:
        function = Path(directory) / "function"
        lay_out(files, function)
        card = load_card(function / CARD_NAME)
        yield Payload(identity, card, kept.image, function, attested)


def _assembled(identity: Identity) -> dict[str, bytes]:
    """The function's files as they lie in ``dist/``.

    Raises:
        UserError: a file of either bundle is not what was assembled.
    """
    service = compare(read_verified(DIST / "service"), str(DIST / "service"))
    files = read_verified(DIST / "function")
    _hold(identity, files, service.files, str(DIST / "function"))
    return files


def _built(identity: Identity, build: BuildRecord, archive: bytes) -> dict[str, bytes]:
    """The function's files as they were built.

    Raises:
        UserError: they are not those whose hash the release is named by.
    """
    files = unpack(archive)
    _hold(identity, files, build.service or {}, f"archive of {build.release}")
    return files


def _hold(
    identity: Identity, files: Mapping[str, bytes], service: Mapping[str, str], where: str
) -> None:
    """Hold the function's files to their manifest, and both bundles to the release's name."""
    manifest = compare(files, where)
    bundle = combined_hash({"service": service, "function": manifest.files})
    named = identity.name.rpartition("-")[2]
    if not manifest.bundle == bundle == identity.bundle or named != bundle[:BUNDLE_DIGITS]:
        raise UserError(
            f"{where}/{MANIFEST_NAME} is of another assembly than {identity.name}; make both "
            "bundles anew with `dvc repro --force bundle`, and build them"
        )
