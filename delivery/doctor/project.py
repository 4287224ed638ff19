"""The project itself: there, paid for, its APIs on, and room for builds."""

from collections.abc import Sequence
from typing import Any

from delivery.apis import APIS
from delivery.cloud import Cloud
from delivery.doctor.finding import Finding, fine, stop, warn
from targets.gcloud import GcloudError, Reason

BOOTSTRAP = "python -m delivery bootstrap --github OWNER/REPO"
# Source: Cloud Build, "Quotas and limits": 5 to 100 CPUs at once in a region's default pool, and
# no more on request; projects with 4 have been seen.
METRIC = "cloudbuild.googleapis.com/concurrent_public_pool_build_cpus"
# Source: Cloud Build's pricing: the standard machine of the default pool is an e2-standard-2; the
# others' names say how many.
STANDARD_CPUS = 2
CPUS = {"E2_MEDIUM": 1}


def visible(cloud: Cloud) -> Sequence[Finding]:
    """Whether the project can be seen at all."""
    name = cloud.gcloud.project
    try:
        raw = cloud.gcloud.read("projects", "describe", name)
    except GcloudError as error:
        if error.reason not in {Reason.DENIED, Reason.NOT_FOUND}:
            raise
        cure = "give --project its id, and log in as its owner with `gcloud auth login`"
        return [stop("project", f"{name} does not exist, or is not yours to see", cure)]
    if (state := raw.get("lifecycleState", "ACTIVE")) != "ACTIVE":
        return [stop("project", f"{name} is {state}", "restore it, or take another project")]
    return [fine("project", f"{name} is there")]


def billing(cloud: Cloud) -> Sequence[Finding]:
    """Whether anything may be used that is paid for."""
    raw = cloud.gcloud.read("billing", "projects", "describe", cloud.gcloud.project)
    if raw.get("billingEnabled"):
        return [fine("billing", "linked")]
    cure = "link a billing account: https://console.cloud.google.com/billing/projects"
    return [stop("billing", "no billing account is linked", cure)]


def apis(cloud: Cloud) -> Sequence[Finding]:
    """Whether each API is on."""
    listed: list[Any] = cloud.gcloud.read("services", "list", "--enabled") or []
    enabled = {one["config"]["name"] for one in listed}
    if off := [api for api in APIS if api not in enabled]:
        return [stop("APIs", f"off: {', '.join(off)}", BOOTSTRAP)]
    return [fine("APIs", f"all {len(APIS)} are on")]


def build_quota(cloud: Cloud) -> Sequence[Finding]:
    """Whether a build and the function's own have room side by side."""
    machine = cloud.deployment.build_machine
    wanted = _cpus(machine) + STANDARD_CPUS
    limit = _limit(cloud)
    if limit is None:
        return [warn("build quota", "Google names none", "`doctor --try` builds a function")]
    if limit >= wanted:
        return [fine("build quota", f"{limit} CPUs in {cloud.region}, {wanted} are used at most")]
    told = f"{limit} CPUs in {cloud.region}, but a push builds with {wanted} at once"
    if machine is not None:
        cure = "deployment.build_machine: null in params.yaml"
    else:
        cure = "another deployment.region; the quota is Cloud Build's to raise"
    return [stop("build quota", told, cure)]


def _cpus(machine: str | None) -> int:
    if machine is None:
        return STANDARD_CPUS
    return CPUS.get(machine) or int(machine.rpartition("_")[2])


def _limit(cloud: Cloud) -> int | None:
    """CPUs that builds may use at once in the region's default pool; None where it is not said.

    Source of the shape: Service Usage API v1beta1, ConsumerQuotaMetric.
    """
    consumer = f"--consumer=projects/{cloud.gcloud.project}"
    words = ("alpha", "services", "quota", "list", "--service=cloudbuild.googleapis.com", consumer)
    buckets = [
        bucket
        for metric in cloud.gcloud.read(*words) or []
        if metric.get("metric") == METRIC
        for limit in metric.get("consumerQuotaLimits", [])
        for bucket in limit.get("quotaBuckets", [])
    ]
    # A region's own bucket counts before the one for all regions.
    here = [one for one in buckets if one.get("dimensions", {}).get("region") == cloud.region]
    anywhere = [one for one in buckets if "region" not in one.get("dimensions", {})]
    limits = [int(one["effectiveLimit"]) for one in here or anywhere if "effectiveLimit" in one]
    return min(limits) if limits else None
