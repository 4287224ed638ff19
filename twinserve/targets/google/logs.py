"""The figures that instances of a deployed target log, and what a build printed."""

from typing import Any

from twinserve.config.layout import MONITORING_FORMAT, MONITORING_MEMBER
from twinserve.targets.google.gcloud import Gcloud


def read_figures(
    gcloud: Gcloud, region: str, service: str, since: str, most: int
) -> list[dict[str, Any]]:
    """The figures that a service's instances have logged, the newest first, at most so many.

    ``since`` is as Cloud Logging writes moments, RFC 3339.

    Raises:
        GcloudError: it is refused.
    """
    # A function on Cloud Run is a service too, and its instances log as a service's do.
    wanted = (
        'resource.type="cloud_run_revision"',
        f'resource.labels.service_name="{service}"',
        f'resource.labels.location="{region}"',
        f"jsonPayload.{MONITORING_MEMBER}.format={MONITORING_FORMAT}",
        f'timestamp>="{since}"',
    )
    options = (f"--limit={most}", "--order=desc")
    entries = gcloud.read("logging", "read", " AND ".join(wanted), *options) or []
    return [entry["jsonPayload"][MONITORING_MEMBER] for entry in entries]


def read_build_log(gcloud: Gcloud, build: str, most: int) -> list[str]:
    """The last lines that a build printed, the oldest first, each with its step's name in front.

    Source of the filter and of the field: gcloud 528, ``api_lib/cloudbuild/logs.py``.

    Raises:
        GcloudError: it is refused.
    """
    wanted = (
        f'logName="projects/{gcloud.project}/logs/cloudbuild"',
        'resource.type="build"',
        f'resource.labels.build_id="{build}"',
    )
    options = (f"--limit={most}", "--order=desc")
    entries = gcloud.read("logging", "read", " AND ".join(wanted), *options) or []
    return [entry.get("textPayload", "") for entry in reversed(entries)]
