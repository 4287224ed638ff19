"""The parts of a release, as it is deployed, labelled and recorded."""

import hashlib
import os
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from twinserve.config.card import load_card, read_file
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, RELEASE_VARIABLES
from twinserve.config.params import load_params
from twinserve.delivery.bundle.assembly import DIST, read_bundle_hash
from twinserve.delivery.names import labels, release_name
from twinserve.targets import git

LOCK = Path("dvc.lock")
PICKLE = "model.pkl"
UNKNOWN = "unknown"
PUSH = "push"


@dataclass(frozen=True, slots=True)
class Identity:
    """The release that lies in ``dist/``.

    Attributes:
        name: ``<model version>-<first 12 of the bundle hash>``.
        commit: git's, or ``unknown``.
        dvc_lock: SHA-256 of dvc.lock.
        model_sha256: of model.pkl.
        reproduced_by: which of the two has made the model anew and compared every byte: each
            ``push``, or the night; None in a record of an earlier version.
        reproduced_at: when it last did, UTC, ISO 8601; None if it has not yet, or nobody can tell.
    """

    name: str
    version: str
    commit: str
    dvc_lock: str
    model_sha256: str
    bundle: str
    reproduced_by: str | None = None
    reproduced_at: str | None = None

    @property
    def variables(self) -> dict[str, str]:
        """The environment of its revisions; ``/model`` shows it."""
        members = asdict(self)
        return {
            variable: members[name]
            for name, variable in RELEASE_VARIABLES.items()
            if members[name] is not None
        }

    @property
    def labels(self) -> dict[str, str]:
        """The labels of its services and revisions."""
        return labels({"release": self.name, "commit": self.commit, "bundle": self.bundle})


def read_identity(commit: str | None = None) -> Identity:
    """The release that ``dist/`` would make now.

    Raises:
        UserError: there is no bundle, or no dvc.lock.
    """
    bundle = DIST / "service"
    card = load_card(bundle / CARD_NAME)
    bundle_hash = read_bundle_hash(bundle)
    if read_bundle_hash(DIST / "function") != bundle_hash:
        raise UserError(f"{DIST}: the two bundles differ; make both anew with `dvc repro`")
    lock = read_file(LOCK, "run this from the top of the tree", most=None)
    by = load_params().training.reproduce
    return Identity(
        name=release_name(card, bundle_hash),
        version=card.version,
        commit=commit or current_commit(),
        dvc_lock=hashlib.sha256(lock).hexdigest(),
        model_sha256=card.artifacts[PICKLE],
        bundle=bundle_hash,
        reproduced_by=by,
        reproduced_at=now() if by == PUSH else None,
    )


def now() -> str:
    """UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def current_commit() -> str:
    """The commit that Cloud Build or GitHub Actions names, else git's, else ``unknown``."""
    for variable in ("COMMIT_SHA", "GITHUB_SHA"):
        if value := os.environ.get(variable):
            return value
    return git.current_commit() or UNKNOWN
