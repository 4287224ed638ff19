"""Services: created, replaced, rolled out, deleted.

Cloud Run Admin API v1, namespaces.services; the waiting is v1 projects.locations.operations.wait.
"""

import json
import secrets
import threading
import traceback
from typing import TYPE_CHECKING

from tests.google import syntax
from tests.google.api import (
    ApiError,
    Json,
    Request,
    Routes,
    already_exists,
    invalid,
    not_found,
    timestamp,
)
from tests.google.faults import permission_denied
from tests.google.resources import traffic
from tests.google.resources.permissions import may
from tests.google.resources.revisions import BASE, condition, listing
from tests.google.state import DEFAULT_ACCOUNT, PROJECT, PROJECT_NUMBER, REGION, Revision, Service

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

ACT_AS = "iam.serviceAccounts.actAs"
NO_INVOKER = "run.googleapis.com/invoker-iam-disabled"
OPERATION = "run.googleapis.com/operation-id"
WAIT_S = 30.0
ACTOR = "someone@example.com"

routes = Routes()


@routes("GET", BASE + "/services")
def _list(cloud: "Cloud", _request: Request) -> Json:
    return listing("ServiceList", [as_json(service) for service in cloud.state.services.values()])


@routes("GET", BASE + "/services/{service}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return as_json(find(cloud, request.values["service"]))


@routes("POST", BASE + "/services")
def _create(cloud: "Cloud", request: Request) -> Json:
    asked = request.json
    name = asked["metadata"]["name"]
    if name in cloud.state.services:
        raise already_exists(f"Resource '{name}' already exists.")
    service = Service(name, {}, {}, {}, [])
    revision = _accept(cloud, service, asked, request.caller)
    if "dryRun" in request.query:
        return asked
    cloud.state.services[name] = service
    service.url = cloud.listeners.url(name, "", traffic.make_route(cloud, name, ""))
    _roll_out(cloud, service, revision)
    return as_json(service)


@routes("PUT", BASE + "/services/{service}")
def _replace(cloud: "Cloud", request: Request) -> Json:
    service = find(cloud, request.values["service"])
    asked = request.json
    version = asked["metadata"].get("resourceVersion")
    if version and version != service.resource_version:
        # Optimistic locking as in Kubernetes: the reader's copy is an old one.
        raise ApiError(
            409,
            "ABORTED",
            f"Conflict for resource '{service.name}': version '{version}' was specified but "
            f"current version is '{service.resource_version}'.",
        )
    if "dryRun" in request.query:
        return asked
    _roll_out(cloud, service, _accept(cloud, service, asked, request.caller))
    return as_json(service)


@routes("DELETE", BASE + "/services/{service}")
def _delete(cloud: "Cloud", request: Request) -> Json:
    service = find(cloud, request.values["service"])
    del cloud.state.services[service.name]
    cloud.state.policies.pop(f"services/{service.name}", None)
    for name in service.revisions:
        cloud.revisions.stop(name)
    cloud.listeners.close(service.name)
    return {"apiVersion": "v1", "kind": "Status", "status": "Success"}


@routes("POST", "run.googleapis.com/v1/projects/{project}/locations/{region}/operations/{id}:wait")
def _wait(cloud: "Cloud", request: Request) -> Json:
    """Answered when the roll-out has ended, or after the time-out with ``done`` unset."""
    name = f"projects/{PROJECT}/locations/{REGION}/operations/{request.values['id']}"
    operation = cloud.state.operations.get(request.values["id"])
    if operation is None:
        raise not_found(f"Operation '{name}' not found.")
    service = find(cloud, operation["service"])
    done = cloud.settled.wait_for(lambda: is_settled(service), WAIT_S)
    if not done:
        return {"name": name, "done": False}
    kind = {"@type": "type.googleapis.com/google.cloud.run.v1.Service"}
    return {"name": name, "done": True, "response": kind | as_json(service)}


def find(cloud: "Cloud", name: str) -> Service:
    """The service of that name.

    Raises:
        ApiError: there is none.
    """
    service = cloud.state.services.get(name)
    if service is None:
        raise not_found(
            f"Resource '{name}' of kind 'SERVICE' in region '{REGION}' in project "
            f"'{PROJECT}' does not exist."
        )
    return service


def is_settled(service: Service) -> bool:
    """Whether nothing is being rolled out."""
    return service.observed_generation == service.generation


def _accept(cloud: "Cloud", service: Service, asked: Json, caller: str) -> Revision | None:
    """Check what is asked for and write it down; a changed template makes a revision.

    Raises:
        ApiError: something in it cannot be.
    """
    syntax.check(asked)
    _check_invoker(cloud, asked, caller)
    template = _with_defaults(asked["spec"]["template"])
    name = template.get("metadata", {}).get("name")
    generation = service.generation + 1
    new = template != service.template
    if new and name is None:
        name = f"{service.name}-{generation:05d}-{secrets.token_hex(2)[:3]}"
    if new and not str(name).startswith(f"{asked['metadata']['name']}-"):
        raise invalid(
            "spec.template.metadata.name: must be prefixed with the name of the service and a dash"
        )
    if new and _is_taken(cloud, str(name)):
        raise already_exists(
            f"Revision named '{name}' with different configuration already exists."
        )
    account = template["spec"]["serviceAccountName"]
    known = account == DEFAULT_ACCOUNT or cloud.is_known(account)
    if not known or not may(cloud, caller, ACT_AS, f"serviceAccounts/{account}"):
        raise permission_denied("iam.serviceaccounts.actAs")
    wanted = traffic.parse(asked["spec"].get("traffic", []))
    revision = Revision(str(name), generation, template) if new else None
    service.template, service.wanted = template, wanted
    service.labels = asked["metadata"].get("labels", {})
    operation = secrets.token_hex(8)
    cloud.state.operations[operation] = {"service": service.name}
    service.annotations = asked["metadata"].get("annotations", {}) | {OPERATION: operation}
    service.generation = generation
    service.modified = timestamp()
    service.resource_version = f"AAY{cloud.state.next()}"
    if revision is not None:
        service.revisions[revision.name] = revision
        service.latest_created = revision.name
    return revision


def _check_invoker(cloud: "Cloud", asked: Json, caller: str) -> None:
    """Not to ask who calls: who may set the policy may, unless the organisation forbids it.

    https://cloud.google.com/run/docs/authenticating/public has permissions and constraint.

    Raises:
        ApiError: it may not be.
    """
    if asked["metadata"].get("annotations", {}).get(NO_INVOKER, "").lower() != "true":
        return
    name = asked["metadata"]["name"]
    if not may(cloud, caller, "run.services.setIamPolicy", f"services/{name}"):
        raise permission_denied("run.services.setIamPolicy")
    rules = cloud.state.constraints.get("run.managed.requireInvokerIam", [])
    if any(rule.get("enforce") for rule in rules):
        raise ApiError(
            400,
            "FAILED_PRECONDITION",
            "Operation denied by org policy: violates constraint "
            "constraints/run.managed.requireInvokerIam",
        )


def _with_defaults(template: Json) -> Json:
    """Fill in Cloud Run's defaults, of which the reference names each value."""
    spec = template["spec"]
    container, *others = spec["containers"]
    limits = {"cpu": "1000m", "memory": "512Mi"}
    resources = container.get("resources", {})
    container = {"ports": [{"name": "http1", "containerPort": 8080}]} | container
    container["resources"] = resources | {"limits": limits | resources.get("limits", {})}
    defaults = {
        "containerConcurrency": 80,
        "timeoutSeconds": 300,
        "serviceAccountName": DEFAULT_ACCOUNT,
    }
    return template | {"spec": defaults | spec | {"containers": [container, *others]}}


def _is_taken(cloud: "Cloud", name: str) -> bool:
    return any(name in service.revisions for service in cloud.state.services.values())


def _roll_out(cloud: "Cloud", service: Service, revision: Revision | None) -> None:
    """In the background, as Cloud Run does: the call is answered before that is done."""
    for target in service.wanted:
        if target.tag and target.tag not in service.tag_urls:
            route = traffic.make_route(cloud, service.name, target.tag)
            url = cloud.listeners.url(service.name, target.tag, route)
            service.tag_urls[target.tag] = url
    generation = service.generation

    def finish() -> None:
        try:
            if revision is not None:
                cloud.revisions.deploy(service, revision)
        except Exception:  # noqa: BLE001 - whoever waits would wait in vain
            cloud.broken.append(traceback.format_exc())
        with cloud.lock:
            if revision is not None and revision.ready and service.latest_created == revision.name:
                service.latest_ready = revision.name
            if service.generation == generation:
                _settle(cloud, service)

    threading.Thread(target=finish, daemon=True).start()


def _settle(cloud: "Cloud", service: Service) -> None:
    """The latest revision's state is known: move the traffic, or say why it stays."""
    latest = service.revisions.get(service.latest_created)
    before = {target.revision for target in service.traffic}
    service.failure = traffic.resolve(service)
    if latest is not None and not latest.ready:
        service.failure = traffic.not_ready(latest)
    for name in before - {target.revision for target in service.traffic}:
        cloud.revisions.stop(name or "")
    service.observed_generation = service.generation
    cloud.settled.notify_all()


def as_json(service: Service) -> Json:
    """A service as the API shows it."""
    ready = (not service.failure) if is_settled(service) else None
    latest = service.revisions.get(service.latest_created)
    configured = latest.ready if latest else None
    urls = {"run.googleapis.com/urls": json.dumps([service.url])}
    people = {f"serving.knative.dev/{who}": ACTOR for who in ("creator", "lastModifier")}
    shown = {"run.googleapis.com/ingress-status": "all"} | people | urls
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": service.name,
            "namespace": PROJECT_NUMBER,
            "uid": service.uid,
            "resourceVersion": service.resource_version,
            "generation": service.generation,
            "creationTimestamp": service.created,
            "labels": service.labels | {"cloud.googleapis.com/location": REGION},
            "annotations": {"run.googleapis.com/ingress": "all"} | service.annotations | shown,
        },
        "spec": {"template": service.template, "traffic": traffic.wanted_as_json(service)},
        "status": {
            "observedGeneration": service.observed_generation,
            "conditions": [
                condition("Ready", ready, service.failure, since=service.modified),
                condition("ConfigurationsReady", configured, "" if configured else service.failure),
                condition("RoutesReady", ready, service.failure),
            ],
            "latestCreatedRevisionName": service.latest_created,
            "latestReadyRevisionName": service.latest_ready,
            "traffic": traffic.as_json(service),
            "url": service.url,
            "address": {"url": service.url},
        },
    }
