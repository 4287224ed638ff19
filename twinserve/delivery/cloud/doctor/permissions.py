"""The accounts, what each may do, and who may be the deployer."""

from collections.abc import Callable, Sequence

from twinserve.delivery.cloud import federation, grants
from twinserve.delivery.cloud.doctor.finding import Finding, fine, stop, warn
from twinserve.delivery.cloud.doctor.project import BOOTSTRAP
from twinserve.delivery.names import account_email, data_bucket
from twinserve.delivery.project import Cloud
from twinserve.targets.github.api import Identity
from twinserve.targets.google.gcloud import GcloudError, Reason
from twinserve.targets.google.project import policies
from twinserve.targets.google.project import resources as project
from twinserve.targets.google.project.identity_pool import Provider, differences, read_provider
from twinserve.targets.google.project.policies import bucket_resource


def accounts(cloud: Cloud) -> Sequence[Finding]:
    """Whether all are there, and none is switched off."""
    known = project.accounts(cloud.gcloud)
    findings = []
    for name in grants.accounts(cloud):
        email = account_email(name, cloud.project)
        if email not in known:
            findings.append(stop("accounts", f"{email} does not exist", BOOTSTRAP))
        elif known[email]:
            cure = f"gcloud iam service-accounts enable {email}"
            findings.append(stop("accounts", f"{email} is switched off", cure))
    return findings or [fine("accounts", "all are there")]


def roles(cloud: Cloud, identity: Identity | None) -> Sequence[Finding]:
    """Whether each account has the roles that it needs; the repository's too, if it is known."""
    wanted = grants.of_accounts(cloud)
    if identity is not None:
        number = project.project_number(cloud.gcloud)
        wanted += grants.of_repository(cloud, number, identity)
    by_resource: dict[policies.Resource, list[policies.Grant]] = {}
    for grant in wanted:
        by_resource.setdefault(grant.resource, []).append(grant)
    findings = []
    for resource, those in by_resource.items():
        try:
            findings += [
                stop("roles", f"missing {grant}", BOOTSTRAP)
                for grant in policies.missing(cloud.gcloud, those)
            ]
        except GcloudError as error:
            if error.reason is not Reason.NOT_FOUND:
                raise
            findings.append(stop("roles", f"{resource} does not exist", BOOTSTRAP))
    return [*(findings or [fine("roles", f"all {len(wanted)} are given")]), *_renewer(cloud)]


def _renewer(cloud: Cloud) -> list[Finding]:
    """Whether the account that adds to DVC's bucket could do more there than that."""
    bucket = bucket_resource(data_bucket(cloud.project))
    try:
        there = policies.members_by_role(cloud.gcloud, bucket)
    except GcloudError as error:
        if error.reason is not Reason.NOT_FOUND:
            raise
        # Its roles are missing, which has been said.
        return []
    member = f"serviceAccount:{cloud.renewer}"
    more = [role for role, members in there.items() if member in members]
    return [
        warn(
            "roles",
            f"{cloud.renewer} has {role} on {bucket}: a renewal is to add objects, no more",
            f"gcloud storage buckets remove-iam-policy-binding {bucket} --member={member} "
            f"--role={role}",
        )
        for role in sorted(set(more) - set(grants.RENEWER_ROLES))
    ]


def provider(cloud: Cloud, identity: Identity | None) -> Sequence[Finding]:
    """Whether GitHub's token is taken: to deploy, of this repository's main branch only."""
    findings = list(_provider(cloud, federation.POOL, identity, federation.provider_for))
    if any(finding.stops for finding in findings):
        return findings
    reading = _provider(cloud, federation.READING_POOL, identity, federation.reading_provider_for)
    return [*findings, *(finding for finding in reading if finding.stops)]


def _provider(
    cloud: Cloud,
    pool: str,
    identity: Identity | None,
    wanted: Callable[[Identity], Provider],
) -> Sequence[Finding]:
    raw = read_provider(cloud.gcloud, pool, federation.PROVIDER)
    if raw is None:
        return [stop("provider", "GitHub's token is exchanged nowhere", BOOTSTRAP)]
    if raw.get("state", "ACTIVE") != "ACTIVE" or raw.get("disabled"):
        cure = "gcloud iam workload-identity-pools providers undelete, or update-oidc --no-disabled"
        return [stop("provider", f"{federation.PROVIDER} is switched off or deleted", cure)]
    if identity is None:
        return [warn("provider", "for which repository was not looked at", "give --github")]
    if other := differences(raw, wanted(identity)):
        told = f"it lets in another repository, branch or workflow: other {', '.join(other)}"
        return [stop("provider", told, BOOTSTRAP)]
    return [fine("provider", "lets in this repository's main branch, by its id")]
