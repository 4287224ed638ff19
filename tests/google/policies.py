"""Who may do what: getIamPolicy and setIamPolicy of every kind of resource.

google.iam.v1.IAMPolicy as REST. Cloud Run, IAM, Artifact Registry and the Resource Manager give the
resource in the path before the verb; Cloud Storage v1 has ``b/BUCKET/iam``.
"""

import itertools
from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request, Routes, invalid, not_found
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
    if asked.get("etag") not in {None, policy.etag}:
        raise ApiError(
            409,
            "ABORTED",
            "There were concurrent policy changes. Please retry the whole read-modify-write with "
            "exponential backoff.",
        )
    policy.bindings = asked.get("bindings", [])
    policy.etag = f"BwXlZ{next(_etags):07d}"
    return _as_json(policy)


@routes("POST", *(f"{pattern}:testIamPermissions" for pattern in RESOURCES))
def _test(_cloud: "Cloud", request: Request) -> Json:
    """The fake's caller may do everything that a fault does not forbid."""
    return {"permissions": request.json["permissions"]}


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
        if ours and email not in cloud.state.accounts:
            raise invalid(f"Service account {email} does not exist.")


def _as_json(policy: Policy) -> Json:
    version = 3 if any("condition" in binding for binding in policy.bindings) else 1
    return {"version": version, "etag": policy.etag, "bindings": policy.bindings}
