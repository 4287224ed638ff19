"""When the model that is released last came out again, byte for byte."""

import os
from dataclasses import replace

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.identity import PUSH, Identity
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.attestation import REPOSITORY
from twinserve.targets.github.reproduction import last_reproduced


def with_night(cloud: Cloud, identity: Identity) -> Identity:
    """Of a model that the night reproduces: with the time that its attestation names.

    A model that no night has come to yet is released all the same: its push has proven it.
    """
    if identity.reproduced_by in {None, PUSH}:
        return identity
    repository = os.environ.get(REPOSITORY)
    try:
        at = last_reproduced(repository, identity.model_sha256) if repository else None
    except UserError as error:
        cloud.say(f"when a night last reproduced the model cannot be asked: {error}")
        return identity
    cloud.say(reproduced(identity.reproduced_by, at))
    return replace(identity, reproduced_at=at)


def reproduced(by: str | None, at: str | None) -> str:
    """Which of the two a model has behind it, in a line."""
    if by is None:
        return "reproduced: not recorded"
    if by == PUSH:
        return f"reproduced: by its push, {at or 'at a time that is not recorded'}"
    return f"reproduced: by night, {f'last {at}' if at else 'which has attested none of it yet'}"
