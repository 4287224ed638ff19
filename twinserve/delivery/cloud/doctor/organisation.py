"""The organisation's policies that forbid what is needed."""

from collections.abc import Sequence

from twinserve.delivery.cloud import federation
from twinserve.delivery.cloud.doctor.finding import Finding, fine, stop, warn
from twinserve.delivery.project import Cloud
from twinserve.targets.google.access import Access, decide_access
from twinserve.targets.google.project.constraints import (
    INGRESS,
    LOCATIONS,
    POOL_PROVIDERS,
    Constraint,
    read_constraint,
)


def access(cloud: Cloud) -> Sequence[Finding]:
    """How the endpoints will be called."""
    wanted = [target.name for target in cloud.targets.values() if target.public]
    if not wanted:
        return [fine("access", "both endpoints are private, as params.yaml has them")]
    names = " and ".join(wanted)
    decision = decide_access(cloud.gcloud, cloud.deployment.public_by)
    why = f" ({decision.reason})" if decision.reason else ""
    if decision.access is Access.PRIVATE:
        cure = "have one of the two policies lifted for this project, or call with a token"
        return [warn("access", f"{names} will be private: {decision.reason}", cure)]
    way = {
        Access.IAM: "public: allUsers may call",
        Access.NO_INVOKER_CHECK: "public: Cloud Run asks nobody who calls",
    }[decision.access]
    return [fine("access", f"{names} will be {way}{why}")]


def restrictions(cloud: Cloud) -> Sequence[Finding]:
    """Policies that would refuse the project's own parts."""
    gcloud, region = cloud.gcloud, cloud.region
    findings = []
    issuer = federation.ISSUER
    if _forbids(read_constraint(gcloud, POOL_PROVIDERS), issuer):
        cure = f"have {issuer} allowed by whoever administers the organisation"
        findings.append(stop(POOL_PROVIDERS, "GitHub's tokens may not be taken", cure))
    locations = read_constraint(gcloud, LOCATIONS)
    groups = any(value.startswith("in:") for value in locations.allowed or ())
    if _forbids(locations, region, f"in:{region}-locations"):
        told = f"allows only {', '.join(sorted(locations.allowed or ()))}; {region} is not named"
        cure = "deployment.region in params.yaml: a region that it allows"
        # A group of locations may hold the region; its members are not to be had here.
        findings.append((warn if groups else stop)(LOCATIONS, told, cure))
    if _forbids(read_constraint(gcloud, INGRESS), "all"):
        cure = "have `all` allowed by whoever administers the organisation"
        findings.append(stop(INGRESS, "endpoints cannot be reached from the internet", cure))
    return findings or [fine("organisation policies", "none forbids what is deployed")]


def _forbids(constraint: Constraint, *values: str) -> bool:
    """Whether none of the values that mean the same is allowed."""
    names = {name for value in values for name in (value, f"is:{value}")}
    if constraint.denied & names:
        return True
    return constraint.allowed is not None and not constraint.allowed & names
