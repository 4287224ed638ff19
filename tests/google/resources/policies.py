"""Who may do what: getIamPolicy and setIamPolicy of every kind of resource.

google.iam.v1.IAMPolicy as REST. Cloud Run, IAM, Artifact Registry and the Resource Manager give the
resource in the path before the verb; Cloud Storage v1 has ``b/BUCKET/iam``.
"""

import itertools
import time
from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request, Routes, invalid, not_found
from tests.google.resources.permissions import may
from tests.google.state import PROJECT, PROJECT_NUMBER, Policy

if TYPE_CHECKING:
    from collections.abc import Container

    from tests.google.cloud import Cloud

PLACE = "projects/{project}/locations/{region}"
# A pattern for each kind of resource; the last placeholder's value names it.
RESOURCES = (
    "run.googleapis.com/v1/" + PLACE + "/services/{services}",
    "artifactregistry.googleapis.com/v1/" + PLACE + "/repositories/{repositories}",
    "iam.googleapis.com/v1/projects/{project}/serviceAccounts/{serviceAccounts}",
    "cloudresourcemanager.googleapis.com/v1/projects/{projects}",
    "secretmanager.googleapis.com/v1/projects/{project}/secrets/{secrets}",
)
BUCKET = "storage.googleapis.com/storage/v1/b/{buckets}/iam"

routes = Routes()
_etags = itertools.count(1)


@routes("GET", *(f"{pattern}:getIamPolicy" for pattern in RESOURCES), BUCKET)
@routes("POST", *(f"{pattern}:getIamPolicy" for pattern in RESOURCES))
def _get(cloud: "Cloud", request: Request) -> Json:
    return _as_json(cloud.state.policy(_resource(cloud, request)))


@routes("POST", *(f"{pattern}:setIamPolicy" for pattern in RESOURCES))
@routes("PUT", BUCKET)
def _set(cloud: "Cloud", request: Request) -> Json:
    asked = request.json.get("policy", request.json)
    policy = cloud.state.policy(_resource(cloud, request))
    _check_members(cloud, asked.get("bindings", []))
    _check_domains(cloud, asked.get("bindings", []))
    if asked.get("etag") not in {None, policy.etag}:
        raise ApiError(
            409,
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff.",
        )
    before = _pairs(policy.bindings)
    policy.bindings = asked.get("bindings", [])
    policy.since |= dict.fromkeys(_pairs(policy.bindings) - before, time.monotonic())
    policy.etag = f"BwXlZ{next(_etags):07d}"
    return _as_json(policy)


@routes("POST", *(f"{pattern}:testIamPermissions" for pattern in RESOURCES))
def _test(cloud: "Cloud", request: Request) -> Json:
    """Of the permissions, those that the caller holds."""
    kind, name = list(request.values.items())[-1]
    asked = request.json["permissions"]
    return {
        "permissions": [
            permission
            for permission in asked
            if may(cloud, request.caller, permission, f"{kind}/{name}")
        ]
    }


def _resource(cloud: "Cloud", request: Request) -> str:
    """The policy's key.

    Raises:
        ApiError: what it would be the policy of does not exist.
    """
    kind, name = list(request.values.items())[-1]
    known: dict[str, Container[str]] = {
        "services": cloud.state.services,
        "repositories": cloud.state.repositories,
        "serviceAccounts": cloud.state.accounts,
        "buckets": cloud.state.buckets,
        "secrets": cloud.state.secrets,
        "projects": (PROJECT, PROJECT_NUMBER),
    }
    if name not in known[kind]:
        raise not_found(f"Resource '{name}' of kind '{kind}' does not exist.")
    return f"{kind}/{name}"


def _check_members(cloud: "Cloud", bindings: list[Json]) -> None:
    """A service account of the project must exist before it is given a role.

    Raises:
        ApiError: it doesn't.
    """
    for member in {member for binding in bindings for member in binding["members"]}:
        email = member.removeprefix("serviceAccount:")
        ours = email != member and email.endswith(f"@{PROJECT}.iam.gserviceaccount.com")
        if ours and not cloud.is_known(email):
            raise invalid(f"Service account {email} does not exist.")


def _pairs(bindings: list[Json]) -> set[tuple[str, str]]:
    return {(binding["role"], member) for binding in bindings for member in binding["members"]}


def _check_domains(cloud: "Cloud", bindings: list[Json]) -> None:
    """Domain-restricted sharing: nobody from outside the organisation, and so not everyone.

    https://cloud.google.com/resource-manager/docs/organization-policy/restricting-domains; the
    words: LayerZero-Labs/gasolina-gcp issue 15.

    Raises:
        ApiError: one is.
    """
    rules = [
        *cloud.state.constraints.get("iam.allowedPolicyMemberDomains", []),
        *cloud.state.constraints.get("iam.managed.allowedPolicyMembers", []),
    ]
    restricted = any("values" in rule or rule.get("enforce") for rule in rules)
    everyone = {"allUsers", "allAuthenticatedUsers"}
    if restricted and any(everyone & set(binding["members"]) for binding in bindings):
        raise ApiError(
            400,
            "FAILED_PRECONDITION",
            "One or more users named in the policy do not belong to a permitted customer,  perhaps "
            "due to an organization policy.",
        )


def _as_json(policy: Policy) -> Json:
    version = 3 if any("condition" in binding for binding in policy.bindings) else 1
    return {"version": version, "etag": policy.etag, "bindings": policy.bindings}
