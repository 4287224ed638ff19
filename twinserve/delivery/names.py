"""Names of the cloud's resources, each made in one place."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    # A build asks for a name before pydantic is installed.
    from collections.abc import Iterable, Mapping

    from twinserve.config.card import Card
    from twinserve.config.deployment import Deployment, Resources

BUNDLE_DIGITS = 12
# Of an image: the hash of the bundles that it was built from.
BUNDLE_LABEL = "io.twinserve.bundle"
_SETTINGS_DIGITS = 6
# Cloud Run takes labels of at most 63 characters.
_LABEL_LENGTH = 63


def release_name(card: Card, bundle_hash: str) -> str:
    """``<model version>-<first 12 of the bundle hash>``."""
    return f"{card.version}-{bundle_hash[:BUNDLE_DIGITS]}"


def image_name(deployment: Deployment, project: str, release: str) -> str:
    """Where a release's image lies in Artifact Registry, by tag."""
    return f"{image_path(deployment, project)}:{release}"


def cache_name(deployment: Deployment, project: str) -> str:
    """The image that was pushed last, whose layers the next one may take."""
    return f"{image_path(deployment, project)}:cache"


def image_path(deployment: Deployment, project: str) -> str:
    """Where every release's image lies in Artifact Registry."""
    host = f"{deployment.region}-docker.pkg.dev"
    return f"{host}/{project}/{deployment.repository}/{deployment.service.name}"


def score_path(deployment: Deployment, project: str) -> str:
    """Where the images that score files lie."""
    return f"{image_path(deployment, project)}-score"


def data_bucket(project: str) -> str:
    """The bucket of DVC's cache."""
    return f"{project}-twinserve-dvc"


def releases_bucket(project: str) -> str:
    """The bucket of the lock, of the records of releases, and of reports."""
    return f"{project}-twinserve-releases"


def sources_bucket(project: str, region: str) -> str:
    """The bucket into which gcloud uploads a function's source; its name is gcloud's own.

    Source: gcloud 528, ``command_lib/run/sourcedeploys/sources.py``.
    """
    safe = project.replace(":", "_").replace(".", "_").replace("google", "elgoog")
    return f"run-sources-{safe}-{region}"


def account_email(account: str, project: str) -> str:
    """A service account's email."""
    return f"{account}@{project}.iam.gserviceaccount.com"


def revision_series(
    bundle_hash: str, settings: Resources, account: str, image: str | None = None
) -> str:
    """The name that revisions of a bundle with the same settings share, before the attempt.

    A revision is found again by its name, so that a release that was cut short goes on with what it
    had deployed. Another size, access or image of the same bundle is another revision.
    """
    content = [settings.model_dump(mode="json", exclude={"public"}), account, image]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return f"{bundle_hash[:BUNDLE_DIGITS]}-{digest[:_SETTINGS_DIGITS]}"


def next_attempt(service: str, series: str, existing: Iterable[str]) -> str:
    """The suffix of a new revision of the series: names are never used twice."""
    matches = (
        re.fullmatch(rf"{re.escape(f'{service}-{series}')}-(\d+)", name) for name in existing
    )
    return f"{series}-{1 + max((int(match[1]) for match in matches if match), default=0)}"


def labels(members: Mapping[str, str]) -> dict[str, str]:
    """Label values as Google takes them: lower case, digits, hyphens, underscores."""
    return {
        name: re.sub(r"[^a-z0-9_-]", "-", value.lower())[:_LABEL_LENGTH]
        for name, value in members.items()
    }
