"""Whether what is about to be promoted must have been attested, and whether it was."""

import os
import re
import tempfile
from enum import StrEnum
from pathlib import Path

from twinserve.config.deployment import RequireAttestation
from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.builds import BuildRecord
from twinserve.targets.github.attestation import verify_file, verify_image

# Set by the workflow that has just signed, or could not: GitHub signs for public repositories, and
# for others on some plans only.
VARIABLE = "ATTESTED"
REPOSITORY = "GITHUB_REPOSITORY"
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


class _Said(StrEnum):
    YES = "true"
    NO = "false"


def must_verify(required: RequireAttestation) -> bool:
    """Whether an attestation is asked for; ``auto`` leaves that to the workflow.

    Raises:
        UserError: the workflow's variable is neither true nor false.
    """
    if required is not RequireAttestation.AUTO:
        return required is RequireAttestation.ALWAYS
    try:
        return _Said(os.environ.get(VARIABLE) or _Said.NO) is _Said.YES
    except ValueError:
        raise UserError(f"${VARIABLE} is {os.environ[VARIABLE]!r}, not true or false") from None


def verify_build(cloud: Cloud, build: BuildRecord, archive: bytes) -> str:
    """Verify image and function's source; the repository that attests them.

    Raises:
        UserError: one of them is not attested, or that cannot be found out here.
    """
    repository = os.environ.get(REPOSITORY, "")
    if not _REPOSITORY.fullmatch(repository):
        raise UserError(
            "deployment.require_attestation asks for an attestation: set "
            f"${REPOSITORY} to the OWNER/NAME whose workflow has built this"
        )
    token = cloud.gcloud.read_text("auth", "print-access-token").strip()
    verify_image(build.image, repository, build.commit, token)
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "function.tar.gz"
        path.write_bytes(archive)
        verify_file(path, repository, build.commit)
    cloud.say(f"attested by {repository} at {build.commit[:12]}: image and function")
    return repository
