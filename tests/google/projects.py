"""The project, and which APIs are enabled in it.

Service Usage API v1, services; Cloud Resource Manager API v1, projects.
"""

from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, not_found
from tests.google.state import PROJECT, PROJECT_NUMBER

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

USAGE = "serviceusage.googleapis.com/v1/projects/{project}/services"

routes = Routes()


@routes("GET", USAGE + "/{api}")
def _get_api(cloud: "Cloud", request: Request) -> Json:
    return _api(cloud, request.values["api"])


@routes("GET", USAGE)
def _list_apis(cloud: "Cloud", _request: Request) -> Json:
    return {"services": [_api(cloud, api) for api in sorted(cloud.state.enabled)]}


@routes("POST", USAGE + "/{api}:enable")
def _enable(cloud: "Cloud", request: Request) -> Json:
    cloud.state.enabled.add(request.values["api"])
    return {"name": "operations/noop.DONE_OPERATION", "done": True, "response": {}}


@routes("POST", USAGE + ":batchEnable")
def _enable_many(cloud: "Cloud", request: Request) -> Json:
    cloud.state.enabled.update(request.json["serviceIds"])
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


def _api(cloud: "Cloud", name: str) -> Json:
    state = "ENABLED" if name in cloud.state.enabled else "DISABLED"
    return {
        "name": f"projects/{PROJECT_NUMBER}/services/{name}",
        "parent": f"projects/{PROJECT_NUMBER}",
        "config": {"name": name},
        "state": state,
    }
