"""Who is asking, and whether a role of theirs holds the permission that a call needs.

Roles and their permissions: https://cloud.google.com/iam/docs/roles-permissions, of which
``ROLES`` has what is used here (compared with iann0036/iam-dataset at 2073fa52ac00). Which call
needs which: each API's reference, "Authorization", and
https://cloud.google.com/run/docs/reference/iam/roles.
"""

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request
from tests.google.state import OWNER, PROJECT

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

_RUN_READS = (
    "run.configurations.get run.locations.list run.operations.get run.revisions.get "
    "run.revisions.list run.routes.get run.services.get run.services.getIamPolicy run.services.list"
)
_RUN_WRITES = (
    "run.revisions.delete run.routes.invoke run.services.create run.services.delete "
    "run.services.update"
)
_BUILDS = (
    "cloudbuild.builds.create cloudbuild.builds.get cloudbuild.builds.list "
    "cloudbuild.builds.update cloudbuild.operations.get"
)
_REPOSITORY_READS = (
    "artifactregistry.repositories.downloadArtifacts artifactregistry.repositories.get "
    "artifactregistry.repositories.list artifactregistry.packages.get "
    "artifactregistry.packages.list artifactregistry.tags.get artifactregistry.tags.list "
    "artifactregistry.versions.get artifactregistry.versions.list "
    "artifactregistry.dockerimages.get artifactregistry.dockerimages.list"
)
_PROJECT = "resourcemanager.projects.get"
ROLES: dict[str, frozenset[str]] = {
    role: frozenset(permissions.split())
    for role, permissions in {
        "roles/run.admin": f"{_RUN_READS} {_RUN_WRITES} run.services.setIamPolicy {_PROJECT}",
        "roles/run.sourceDeveloper": (
            f"{_RUN_READS} {_RUN_WRITES} {_BUILDS} {_REPOSITORY_READS} {_PROJECT} "
            "storage.managedFolders.list "
            "artifactregistry.repositories.create orgpolicy.policy.get serviceusage.quotas.get "
            "serviceusage.services.get serviceusage.services.list serviceusage.services.use "
            "storage.buckets.create storage.buckets.get storage.buckets.list "
            "storage.objects.create storage.objects.get storage.objects.list"
        ),
        "roles/run.builder": (
            "artifactregistry.repositories.deleteArtifacts "
            "artifactregistry.repositories.downloadArtifacts "
            "artifactregistry.repositories.uploadArtifacts logging.logEntries.create "
            "source.repos.get storage.objects.get"
        ),
        "roles/run.invoker": "run.routes.invoke",
        "roles/cloudbuild.builds.editor": f"{_BUILDS} {_PROJECT}",
        "roles/logging.viewer": f"logging.logEntries.list {_PROJECT}",
        "roles/logging.logWriter": "logging.logEntries.create",
        "roles/serviceusage.serviceUsageConsumer": (
            "serviceusage.quotas.get serviceusage.services.get serviceusage.services.list "
            "serviceusage.services.use"
        ),
        "roles/artifactregistry.repoAdmin": (
            f"{_REPOSITORY_READS} {_PROJECT} artifactregistry.packages.delete "
            "artifactregistry.repositories.deleteArtifacts "
            "artifactregistry.repositories.uploadArtifacts artifactregistry.tags.create "
            "artifactregistry.tags.delete artifactregistry.tags.update "
            "artifactregistry.versions.delete"
        ),
        "roles/storage.objectAdmin": (
            f"{_PROJECT} orgpolicy.policy.get storage.managedFolders.list storage.objects.create "
            "storage.objects.delete storage.objects.get storage.objects.list "
            "storage.objects.update"
        ),
        # "IAM roles for Cloud Storage"; neither may read or change who may what.
        "roles/storage.objectViewer": (
            f"{_PROJECT} storage.managedFolders.get storage.managedFolders.list "
            "storage.objects.get storage.objects.list"
        ),
        # "IAM roles for Cloud Storage": what is there it can neither read, replace nor delete.
        "roles/storage.objectCreator": (
            f"orgpolicy.policy.get {_PROJECT} storage.folders.create "
            "storage.managedFolders.create storage.multipartUploads.abort "
            "storage.multipartUploads.create storage.multipartUploads.listParts "
            "storage.objects.create"
        ),
        "roles/storage.objectUser": (
            f"{_PROJECT} storage.folders.create storage.objects.create storage.objects.delete "
            "storage.objects.get storage.objects.list storage.objects.update"
        ),
        "roles/iam.serviceAccountUser": (
            f"iam.serviceAccounts.actAs iam.serviceAccounts.get iam.serviceAccounts.list {_PROJECT}"
        ),
        "roles/iam.serviceAccountTokenCreator": (
            "iam.serviceAccounts.get iam.serviceAccounts.getAccessToken "
            f"iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.list {_PROJECT}"
        ),
        "roles/iam.workloadIdentityUser": (
            "iam.serviceAccounts.get iam.serviceAccounts.getAccessToken "
            "iam.serviceAccounts.getOpenIdToken iam.serviceAccounts.list"
        ),
        "roles/secretmanager.secretAccessor": f"{_PROJECT} secretmanager.versions.access",
        "roles/orgpolicy.policyViewer": "orgpolicy.policy.get",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Rule:
    """A call, and the permission that it needs.

    Attributes:
        call: regular expression for ``METHOD host/path``.
        kind: of the resource whose policy counts besides the project's; its name is the last part
            of the call's placeholders of that name.
    """

    call: re.Pattern[str]
    permission: str
    kind: str = ""
    name: str = ""


def _rules(*lines: str) -> tuple[Rule, ...]:
    """``CALL PERMISSION [KIND PLACEHOLDER]``, one a line."""
    made = []
    for line in lines:
        method, path, permission, *rest = line.split()
        made.append(Rule(re.compile(f"{method} {path}"), permission, *rest))
    return tuple(made)


_V1 = r"run\.googleapis\.com/apis/serving\.knative\.dev/v1/namespaces/[^/]+"
_RUN = r"run\.googleapis\.com/v1/projects/[^/]+/locations/[^/]+"
_STORAGE = r"storage\.googleapis\.com/(?:(?:resumable/)?upload/|download/)?storage/v1/b"
_AR = r"artifactregistry\.googleapis\.com/v1/projects/[^/]+/locations/[^/]+/repositories"
_IAM = r"iam\.googleapis\.com/v1/projects/[^/]+"
_CRM = r"cloudresourcemanager\.googleapis\.com/v1/projects/[^/:]+"
_USAGE = r"serviceusage\.googleapis\.com/v1/projects/[^/]+/services"
_CB = r"cloudbuild\.googleapis\.com/v1/projects/[^/]+(?:/locations/[^/]+)?"
_CREDENTIALS = r"iamcredentials\.googleapis\.com/v1/projects/-/serviceAccounts/[^/:]+"
# The first that fits is the one.
RULES = _rules(
    f"GET {_V1}/services run.services.list",
    f"POST {_V1}/services run.services.create",
    f"GET {_V1}/services/[^/]+ run.services.get services service",
    f"PUT {_V1}/services/[^/]+ run.services.update services service",
    f"DELETE {_V1}/services/[^/]+ run.services.delete services service",
    f"GET {_V1}/revisions run.revisions.list",
    f"GET {_V1}/revisions/[^/]+ run.revisions.get",
    f"DELETE {_V1}/revisions/[^/]+ run.revisions.delete",
    rf"POST {_RUN}/operations/[^/]+:wait run.operations.get",
    rf"(GET|POST) {_RUN}/services/[^/]+:getIamPolicy run.services.getIamPolicy services services",
    rf"POST {_RUN}/services/[^/]+:setIamPolicy run.services.setIamPolicy services services",
    r"POST run\.googleapis\.com/v2/.*/builds:submit cloudbuild.builds.create",
    f"POST {_CB}/builds cloudbuild.builds.create",
    f"GET {_CB}/builds/[^/]+ cloudbuild.builds.get",
    f"GET {_CB}/operations/[^/]+ cloudbuild.operations.get",
    f"GET {_STORAGE} storage.buckets.list",
    f"POST {_STORAGE} storage.buckets.create",
    f"GET {_STORAGE}/[^/]+ storage.buckets.get buckets bucket",
    f"(PATCH|PUT) {_STORAGE}/[^/]+ storage.buckets.update buckets bucket",
    f"DELETE {_STORAGE}/[^/]+ storage.buckets.delete buckets bucket",
    f"GET {_STORAGE}/[^/]+/iam storage.buckets.getIamPolicy buckets buckets",
    f"PUT {_STORAGE}/[^/]+/iam storage.buckets.setIamPolicy buckets buckets",
    f"GET {_STORAGE}/[^/]+/managedFolders storage.managedFolders.list buckets bucket",
    f"GET {_STORAGE}/[^/]+/o storage.objects.list buckets bucket",
    f"(POST|PUT) {_STORAGE}/[^/]+/o storage.objects.create buckets bucket",
    f"GET {_STORAGE}/[^/]+/o/[^/]+ storage.objects.get buckets bucket",
    f"PATCH {_STORAGE}/[^/]+/o/[^/]+ storage.objects.update buckets bucket",
    f"DELETE {_STORAGE}/[^/]+/o/[^/]+ storage.objects.delete buckets bucket",
    f"GET {_AR}/[^/:]+ artifactregistry.repositories.get repositories repository",
    f"POST {_AR} artifactregistry.repositories.create",
    f"PATCH {_AR}/[^/:]+ artifactregistry.repositories.update repositories repository",
    f"DELETE {_AR}/[^/:]+ artifactregistry.repositories.delete repositories repository",
    f"GET {_AR}/.*/packages artifactregistry.packages.list repositories repository",
    f"GET {_AR}/.*/versions artifactregistry.versions.list repositories repository",
    f"GET {_AR}/.*/tags artifactregistry.tags.list repositories repository",
    f"GET {_AR}/.*/versions/[^/]+ artifactregistry.versions.get repositories repository",
    f"DELETE {_AR}/.*/versions/[^/]+ artifactregistry.versions.delete repositories repository",
    f"DELETE {_AR}/.*/tags/[^/]+ artifactregistry.tags.delete repositories repository",
    f"(GET|POST) {_AR}/[^/]+:getIamPolicy artifactregistry.repositories.getIamPolicy "
    "repositories repositories",
    f"POST {_AR}/[^/]+:setIamPolicy artifactregistry.repositories.setIamPolicy "
    "repositories repositories",
    f"GET {_IAM}/serviceAccounts iam.serviceAccounts.list",
    f"POST {_IAM}/serviceAccounts iam.serviceAccounts.create",
    f"GET {_IAM}/serviceAccounts/[^/:]+ iam.serviceAccounts.get serviceAccounts account",
    f"(GET|POST) {_IAM}/serviceAccounts/[^/]+:getIamPolicy iam.serviceAccounts.getIamPolicy "
    "serviceAccounts serviceAccounts",
    f"POST {_IAM}/serviceAccounts/[^/]+:setIamPolicy iam.serviceAccounts.setIamPolicy "
    "serviceAccounts serviceAccounts",
    f"GET {_IAM}/locations/global/workloadIdentityPools/[^/]+ iam.workloadIdentityPools.get",
    f"POST {_IAM}/locations/global/workloadIdentityPools iam.workloadIdentityPools.create",
    f"GET {_IAM}/.*/providers/[^/]+ iam.workloadIdentityPoolProviders.get",
    f"POST {_IAM}/.*/providers iam.workloadIdentityPoolProviders.create",
    f"PATCH {_IAM}/.*/providers/[^/]+ iam.workloadIdentityPoolProviders.update",
    f"POST {_CREDENTIALS}:generateIdToken iam.serviceAccounts.getOpenIdToken "
    "serviceAccounts account",
    f"POST {_CREDENTIALS}:generateAccessToken iam.serviceAccounts.getAccessToken "
    "serviceAccounts account",
    f"GET {_CRM} resourcemanager.projects.get",
    f"(GET|POST) {_CRM}:getIamPolicy resourcemanager.projects.getIamPolicy",
    f"POST {_CRM}:setIamPolicy resourcemanager.projects.setIamPolicy",
    f"GET {_USAGE} serviceusage.services.list",
    f"GET {_USAGE}/[^/:]+ serviceusage.services.get",
    f"POST {_USAGE}(/[^/:]+:enable|:batchEnable) serviceusage.services.enable",
    r"GET serviceusage\.googleapis\.com/v1beta1/.*/consumerQuotaMetrics serviceusage.quotas.get",
    r"GET cloudbilling\.googleapis\.com/.*/billingInfo resourcemanager.projects.get",
    r"GET orgpolicy\.googleapis\.com/.*:getEffectivePolicy orgpolicy.policy.get",
    r"POST logging\.googleapis\.com/v2/entries:list logging.logEntries.list",
)


def check(cloud: "Cloud", request: Request, caller: str) -> None:
    """Let a call through whose caller has a role that holds its permission.

    Raises:
        ApiError: none does.
    """
    if caller == OWNER:
        return
    text = f"{request.method} {request.host}{request.path}"
    rule = next((rule for rule in RULES if rule.call.fullmatch(text)), None)
    if rule is None:
        return
    resource = f"{rule.kind}/{request.values[rule.name]}" if rule.kind else ""
    target = _object_of(cloud, request) if ".objects." in rule.permission else ""
    if not may(cloud, caller, rule.permission, resource, target):
        raise denied(caller, rule.permission, resource, storage="storage." in request.host)


def _object_of(cloud: "Cloud", request: Request) -> str:
    """The object that a call is about, as conditions name it; a list is of the bucket."""
    session = cloud.state.operations.get(request.query.get("upload_id", ""), {})
    name = request.values.get("object") or request.query.get("name") or session.get("name", "")
    if not name and request.method == "POST" and request.body.startswith(b"{"):
        name = request.json.get("name", "")
    return f"projects/_/buckets/{request.values['bucket']}/objects/{name}" if name else ""


def _holds(binding: Json, target: str) -> bool:
    """Whether a binding's condition is met; of IAM's language, that a name begins so."""
    condition = binding.get("condition")
    if condition is None:
        return True
    prefix = re.fullmatch(r'resource\.name\.startsWith\("([^"]*)"\)', condition["expression"])
    return prefix is not None and target.startswith(prefix[1])


def may(cloud: "Cloud", caller: str, permission: str, resource: str = "", target: str = "") -> bool:
    """Whether the caller holds a permission on a resource, by its policy or by the project's.

    ``thing`` is what of the resource a condition may tell from others.

    A role that was just given counts after ``state.lag_s``: IAM, "Access change propagation".
    """
    if caller == OWNER:
        return True
    now = time.monotonic()
    for key in (f"projects/{PROJECT}", resource):
        policy = cloud.state.policies.get(key)
        if policy is None:
            continue
        for binding in policy.bindings:
            role = binding["role"]
            held = permission in ROLES.get(role, ()) and caller in binding["members"]
            held = held and _holds(binding, target)
            if held and policy.since.get((role, caller), 0.0) + cloud.state.lag_s <= now:
                return True
    return False


def denied(caller: str, permission: str, resource: str, *, storage: bool = False) -> ApiError:
    """403, in the words of IAM's AIP-211, or in Cloud Storage's own."""
    email = caller.partition(":")[2]
    if storage:
        kind = "object" if ".objects." in permission else "bucket"
        return ApiError(
            403,
            "forbidden",
            f"{email} does not have {permission} access to the Google Cloud Storage {kind}. "
            f"Permission '{permission}' denied on resource (or it may not exist).",
        )
    where = resource or f"projects/{PROJECT}"
    return ApiError(
        403,
        "PERMISSION_DENIED",
        f"Permission '{permission}' denied on resource '{where}' (or resource may not exist).",
    )
