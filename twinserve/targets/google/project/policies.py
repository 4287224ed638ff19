"""Who may do what: roles on a resource of the project, asked for and given."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from twinserve.targets.google.gcloud import Gcloud, GcloudError


@dataclass(frozen=True, slots=True)
class Resource:
    """Something with a policy of its own.

    Attributes:
        group: of gcloud's commands: ``("storage", "buckets")``.
        options: that name it further, its location say.
    """

    group: tuple[str, ...]
    name: str
    options: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Grant:
    """A role that a member has, or is to have, on a resource.

    Attributes:
        within: of a bucket, what an object's full name must begin with; empty for all of them.
    """

    resource: Resource
    member: str
    role: str
    within: str = ""

    def __str__(self) -> str:
        return f"{self.member.rpartition(':')[2]}: {self.role} on {self.resource}"


def project_resource(project: str) -> Resource:
    """The project itself."""
    return Resource(("projects",), project)


def bucket_resource(name: str) -> Resource:
    """A bucket."""
    return Resource(("storage", "buckets"), f"gs://{name}")


def account_resource(email: str) -> Resource:
    """A service account, which others may act as."""
    return Resource(("iam", "service-accounts"), email)


def repository_resource(name: str, region: str) -> Resource:
    """A repository of Artifact Registry."""
    return Resource(("artifacts", "repositories"), name, (f"--location={region}",))


def secret_resource(name: str) -> Resource:
    """A secret of Secret Manager."""
    return Resource(("secrets",), name)


def members_by_role(gcloud: Gcloud, resource: Resource) -> Mapping[str, frozenset[str]]:
    """Whoever has each role, whatever the time or the request; conditions are left out.

    Raises:
        GcloudError: it cannot be read.
    """
    words = (*resource.group, "get-iam-policy", resource.name, *resource.options)
    policy = gcloud.read(*words) or {}
    members: dict[str, frozenset[str]] = {}
    for binding in policy.get("bindings", []):
        if "condition" not in binding:
            role = binding["role"]
            members[role] = members.get(role, frozenset()) | frozenset(binding["members"])
    return members


def missing(gcloud: Gcloud, wanted: Iterable[Grant]) -> list[Grant]:
    """The grants that are not there; each resource is asked once.

    Raises:
        GcloudError: a policy cannot be read.
    """
    by_resource: dict[Resource, list[Grant]] = {}
    for grant in wanted:
        by_resource.setdefault(grant.resource, []).append(grant)
    lacking = []
    for resource, grants in by_resource.items():
        there = members_by_role(gcloud, resource)
        lacking += [
            grant for grant in grants if grant.member not in there.get(grant.role, frozenset())
        ]
    return lacking


def give(gcloud: Gcloud, grant: Grant) -> None:
    """Give a role.

    Raises:
        GcloudError: it is refused.
    """
    _bind(gcloud, "add-iam-policy-binding", grant)


def take(gcloud: Gcloud, grant: Grant) -> None:
    """Take a role away; one that is not there is gone already.

    Raises:
        GcloudError: it is refused.
    """
    try:
        _bind(gcloud, "remove-iam-policy-binding", grant)
    except GcloudError as error:
        if "binding" not in str(error).lower():
            raise


def _bind(gcloud: Gcloud, verb: str, grant: Grant) -> None:
    resource = grant.resource
    gcloud.change(
        *resource.group,
        verb,
        resource.name,
        *resource.options,
        f"--member={grant.member}",
        f"--role={grant.role}",
        *_condition(grant),
    )


def _condition(grant: Grant) -> tuple[str, ...]:
    if grant.within:
        title = f"only-{hashlib.sha256(grant.within.encode()).hexdigest()[:8]}"
        expression = f'resource.name.startsWith("{grant.within}")'
        return (f"--condition=expression={expression},title={title}",)
    return () if grant.resource.group[0] == "artifacts" else ("--condition=None",)
