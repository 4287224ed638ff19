"""Who may do what: getIamPolicy and setIamPolicy of every kind of resource.

google.iam.v1.IAMPolicy as REST. Cloud Run, IAM, Artifact Registry and the Resource Manager give the
resource in the path before the verb; Cloud Storage v1 has ``b/BUCKET/iam``.
"""

import itertools
from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request, Routes
from tests.google.state import Policy

if TYPE_CHECKING:
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
    return _as_json(cloud.state.policy(_resource(request)))


@routes("POST", *(f"{pattern}:setIamPolicy" for pattern in RESOURCES))
@routes("PUT", BUCKET)
def _set(cloud: "Cloud", request: Request) -> Json:
    asked = request.json.get("policy", request.json)
    policy = cloud.state.policy(_resource(request))
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


def _resource(request: Request) -> str:
    kind, name = list(request.values.items())[-1]
    return f"{kind}/{name}"


def _as_json(policy: Policy) -> Json:
    version = 3 if any("condition" in binding for binding in policy.bindings) else 1
    return {"version": version, "etag": policy.etag, "bindings": policy.bindings}
