"""The project: its APIs, its billing, its quota, its organisation's policies.

Service Usage API v1, services, and v1beta1, services.consumerQuotaMetrics; Cloud Resource Manager
API v1, projects; Cloud Billing API v1, projects.getBillingInfo; Organization Policy API v2,
projects.policies.getEffectivePolicy. GitHub's "Get a repository", which is asked without a login.
"""

import time
from typing import TYPE_CHECKING

from tests.google.api import ApiError, Json, Request, Routes, not_found
from tests.google.state import PROJECT, PROJECT_NUMBER

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

USAGE = "serviceusage.googleapis.com/v1/projects/{project}/services"

# https://cloud.google.com/monitoring/api/metrics_gcp_c#gcp-cloudbuild names it.
CPUS = "cloudbuild.googleapis.com/concurrent_public_pool_build_cpus"

routes = Routes()


@routes("GET", USAGE + "/{api}")
def _get_api(cloud: "Cloud", request: Request) -> Json:
    return _api(cloud, request.values["api"])


@routes("GET", USAGE)
def _list_apis(cloud: "Cloud", _request: Request) -> Json:
    return {"services": [_api(cloud, api) for api in sorted(cloud.state.enabled)]}


@routes("POST", USAGE + "/{api}:enable")
def _enable(cloud: "Cloud", request: Request) -> Json:
    _check_billing(cloud)
    _switch_on(cloud, [request.values["api"]])
    return {"name": "operations/noop.DONE_OPERATION", "done": True, "response": {}}


@routes("POST", USAGE + ":batchEnable")
def _enable_many(cloud: "Cloud", request: Request) -> Json:
    _check_billing(cloud)
    _switch_on(cloud, request.json["serviceIds"])
    return {"name": "operations/acf.p2-fake", "done": True, "response": {}}


@routes("GET", "serviceusage.googleapis.com/v1/operations/{id}")
def _operation(_cloud: "Cloud", request: Request) -> Json:
    return {"name": f"operations/{request.values['id']}", "done": True, "response": {}}


@routes("GET", "cloudresourcemanager.googleapis.com/v1/projects/{project}")
def _get_project(_cloud: "Cloud", request: Request) -> Json:
    if request.values["project"] not in {PROJECT, PROJECT_NUMBER}:
        raise not_found(f"Project '{request.values['project']}' not found.")
    return {
        "projectId": PROJECT,
        "projectNumber": PROJECT_NUMBER,
        "name": "Twin project",
        "lifecycleState": "ACTIVE",
        "createTime": "2026-01-01T00:00:00.000Z",
    }


@routes("GET", "cloudbilling.googleapis.com/v1/projects/{project}/billingInfo")
def _billing(cloud: "Cloud", _request: Request) -> Json:
    account = "billingAccounts/012345-567890-ABCDEF" if cloud.state.billing else ""
    return {
        "name": f"projects/{PROJECT}/billingInfo",
        "projectId": PROJECT,
        "billingAccountName": account,
        "billingEnabled": cloud.state.billing,
    }


@routes(
    "GET",
    "serviceusage.googleapis.com/v1beta1/projects/{project}/services/{api}/consumerQuotaMetrics",
)
def _quotas(cloud: "Cloud", request: Request) -> Json:
    """The quota of Cloud Build; others have none here."""
    api = request.values["api"]
    if api != "cloudbuild.googleapis.com":
        return {}
    bucket = {"effectiveLimit": str(cloud.state.build_cpus), "defaultLimit": "10"}
    limit = {"unit": "1/{project}/{region}", "metric": CPUS, "quotaBuckets": [bucket]}
    return {"metrics": [{"metric": CPUS, "consumerQuotaLimits": [limit]}]}


@routes(
    "GET", "orgpolicy.googleapis.com/v2/projects/{project}/policies/{constraint}:getEffectivePolicy"
)
def _policy(cloud: "Cloud", request: Request) -> Json:
    """The rules that are set, or the constraint's default: nothing is forbidden."""
    name = request.values["constraint"]
    rules = cloud.state.constraints.get(name)
    default = {"enforce": False} if ".managed." in name else {"allowAll": True}
    return {
        "name": f"projects/{PROJECT_NUMBER}/policies/{name}",
        "spec": {"rules": rules if rules is not None else [default]},
    }


@routes("GET", "api.github.com/repos/{owner}/{repository}")
def _repository(cloud: "Cloud", request: Request) -> Json:
    name = f"{request.values['owner']}/{request.values['repository']}"
    if name not in cloud.state.github:
        raise ApiError(404, "NOT_FOUND", "Not Found")
    return cloud.state.github[name]


def _switch_on(cloud: "Cloud", apis: list[str]) -> None:
    now = time.monotonic()
    cloud.state.enabled_at |= {api: now for api in apis if api not in cloud.state.enabled}
    cloud.state.enabled.update(apis)


def _check_billing(cloud: "Cloud") -> None:
    """An API that costs something is enabled for a project that is paid for only.

    The words: kyegomez/zeta issue 71.

    Raises:
        ApiError: it isn't.
    """
    if not cloud.state.billing:
        raise ApiError(
            400,
            "FAILED_PRECONDITION",
            f"Billing account for project '{PROJECT_NUMBER}' is not found. Billing must be enabled "
            "for activation of service(s) 'artifactregistry.googleapis.com,run.googleapis.com' to "
            "proceed.",
        )


def _api(cloud: "Cloud", name: str) -> Json:
    state = "ENABLED" if name in cloud.state.enabled else "DISABLED"
    return {
        "name": f"projects/{PROJECT_NUMBER}/services/{name}",
        "parent": f"projects/{PROJECT_NUMBER}",
        "config": {"name": name},
        "state": state,
    }
