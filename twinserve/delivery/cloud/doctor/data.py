"""Where DVC keeps tables and models: whether the workflows can get there."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from twinserve.delivery.cloud.doctor.finding import Finding, fine, warn
from twinserve.delivery.data.dvc import DIRECTORY, LOGIN
from twinserve.delivery.data.login import VARIABLE
from twinserve.delivery.data.remotes import default_url
from twinserve.delivery.names import data_bucket
from twinserve.delivery.project import Cloud

SUBJECT = "data"


def remote(cloud: Cloud) -> Sequence[Finding]:
    """Whether DVC's remote, if there is one, is the bucket that the accounts may read and write."""
    url = default_url() if Path(DIRECTORY).is_dir() else None
    if url is None:
        return []
    parts = urlsplit(url)
    own = data_bucket(cloud.project)
    if parts.scheme == "gs" and parts.netloc == own:
        return [fine(SUBJECT, f"DVC's remote is the bucket {own}")]
    if parts.scheme == "gs":
        told = f"DVC's remote is the bucket {parts.netloc}; bootstrap gives rights on {own} only"
        cure = (
            f"give {cloud.reader} roles/storage.objectViewer, {cloud.renewer} that and "
            f"roles/storage.objectCreator, and {cloud.deployer} roles/storage.objectAdmin on "
            f"gs://{parts.netloc}"
        )
        return [warn(SUBJECT, told, cure)]
    if parts.scheme in {"http", "https"}:
        return [fine(SUBJECT, f"DVC's remote is at {parts.hostname}; what it asks for: {LOGIN}")]
    told = f"DVC's remote is no bucket of Google's ({parts.scheme or 'a folder'})"
    cure = (
        f"the repository's variable {VARIABLE} or secret {LOGIN} (docs/data.md)"
        if parts.scheme
        else "a remote that GitHub's machines can reach"
    )
    return [warn(SUBJECT, told, cure)]
