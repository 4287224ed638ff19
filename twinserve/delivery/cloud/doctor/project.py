"""The project itself: there, paid for, its APIs on, and room for builds."""

from collections.abc import Sequence

from twinserve.delivery.cloud.apis import needed
from twinserve.delivery.cloud.doctor.finding import Finding, fine, stop, warn
from twinserve.delivery.project import Cloud
from twinserve.targets.google.project import resources as project
from twinserve.targets.google.project.quota import build_cpus

BOOTSTRAP = "twinserve bootstrap --github OWNER/REPO"
# Source: Cloud Build's pricing: the standard machine of the default pool is an e2-standard-2; the
# others' names say how many.
STANDARD_CPUS = 2
CPUS = {"E2_MEDIUM": 1}


def visible(cloud: Cloud) -> Sequence[Finding]:
    """Whether the project can be seen at all."""
    name = cloud.project
    state = project.lifecycle_state(cloud.gcloud)
    if state is None:
        cure = "give --project its id, and log in as its owner with `gcloud auth login`"
        return [stop("project", f"{name} does not exist, or is not yours to see", cure)]
    if state != "ACTIVE":
        return [stop("project", f"{name} is {state}", "restore it, or take another project")]
    return [fine("project", f"{name} is there")]


def billing(cloud: Cloud) -> Sequence[Finding]:
    """Whether anything may be used that is paid for."""
    if project.is_paid_for(cloud.gcloud):
        return [fine("billing", "linked")]
    cure = "link a billing account: https://console.cloud.google.com/billing/projects"
    return [stop("billing", "no billing account is linked", cure)]


def apis(cloud: Cloud) -> Sequence[Finding]:
    """Whether each API is on."""
    enabled = project.enabled_apis(cloud.gcloud)
    wanted = needed(cloud.deployment)
    if off := [api for api in wanted if api not in enabled]:
        return [stop("APIs", f"off: {', '.join(off)}", BOOTSTRAP)]
    return [fine("APIs", f"all {len(wanted)} are on")]


def build_quota(cloud: Cloud) -> Sequence[Finding]:
    """Whether a build and the function's own have room side by side.

    Source: Cloud Build, "Quotas and limits": 5 to 100 CPUs at once in a region's default pool, and
    no more on request; projects with 4 have been seen.
    """
    machine = cloud.deployment.build_machine
    wanted = _cpus(machine) + STANDARD_CPUS
    limit = build_cpus(cloud.gcloud, cloud.region)
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
