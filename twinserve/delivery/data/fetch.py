"""Have the sources in the tree: what is missing is fetched, and nothing else."""

import json
from collections.abc import Sequence

from twinserve.config.errors import UserError
from twinserve.delivery.data.cached import verify_objects
from twinserve.delivery.data.dvc import run_module
from twinserve.delivery.data.failure import Failure, Reason, refuse
from twinserve.delivery.data.remotes import verify_remotes
from twinserve.delivery.data.sources import Source, missing_sources

TRANSFER = "twinserve.delivery.data.transfer"


def fetch_sources() -> None:
    """Bring each source that a stage reads and that is missing, from the cache or its remote.

    A tree with nothing missing is not kept waiting: DVC is not even imported.

    Raises:
        UserError: one of them cannot be had; the line says why, and what to do.
    """
    missing = missing_sources()
    if not missing:
        return
    verify_remotes()
    verify_objects((str(file.path), file.digest) for file in missing if file.digest)
    refuse(_transfer(missing))


def _transfer(missing: Sequence[Source]) -> list[Failure]:
    files = list(dict.fromkeys(str(source.file) for source in missing))
    done = run_module(TRANSFER, *files, capture=True)
    if done.returncode:
        raise UserError(f"{files[0]}: DVC ended while it fetched; the last line above says why")
    return [Failure(**{**raw, "reason": Reason(raw["reason"])}) for raw in json.loads(done.stdout)]
