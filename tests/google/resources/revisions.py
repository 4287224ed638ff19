"""Revisions: their start, the process behind each, and the API's view of them.

Cloud Run Admin API v1, namespaces.revisions.
"""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.google.api import ApiError, Json, Request, Routes, invalid, not_found, timestamp
from tests.google.faults import WRONG
from tests.google.resources import secret_manager
from tests.google.running.instances import Instance
from tests.google.state import PROJECT, PROJECT_NUMBER, REGION, Image, Revision, Service
from twinserve.config.errors import UserError

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

BASE = "run.googleapis.com/apis/serving.knative.dev/v1/namespaces/{project}"
NO_HEALTH_CHECK = "run.googleapis.com/health-check-disabled"
LOGS = "https://console.cloud.google.com/logs/viewer?project={project}&resource=cloud_run_revision"
# The wording of Cloud Run, as people quote it: googlecodelabs/monolith-to-microservices issue 110,
# transparency-dev/tesseract issue 413.
DID_NOT_LISTEN = (
    "The user-provided container failed to start and listen on the port defined provided by the "
    "PORT={port} environment variable within the allocated timeout. This can happen when the "
    "container port is misconfigured or if the timeout is too short. The health check timeout can "
    "be extended. Logs for this revision might contain more information.\n\nLogs URL: {logs} \n"
    "For more troubleshooting guidance, see "
    "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
)

routes = Routes()


@dataclass(slots=True)
class Revisions:
    """The processes behind revisions."""

    cloud: "Cloud"
    _own: dict[str, Instance] = field(default_factory=dict)
    _starting: dict[str, threading.Lock] = field(default_factory=dict)
    _ending: list[threading.Thread] = field(default_factory=list)

    def deploy(self, service: Service, revision: Revision) -> None:
        """Set ``ready``: the image is looked up and, unless switched off, an instance started."""
        image = self.cloud.state.find_image(revision.image)
        fault = self.cloud.start_faults.get(service.name)
        if image is None:
            revision.reason = "ContainerMissing"
            revision.message = f"Image '{revision.image}' not found."
        elif fault in {"never-ready", "exits"}:
            self._fail(revision)
        else:
            revision.source = image
            try:
                if fault is not None:
                    self._own[revision.name] = self.cloud.instances.start_wrong(WRONG)
                elif revision.annotations.get(NO_HEALTH_CHECK, "").lower() != "true":
                    self._start(image, revision, own=False)
                revision.ready = True
            except UserError:
                self._fail(revision)
            except PermissionError as error:
                revision.reason, revision.message = "SecretsAccessCheckFailed", str(error)
        revision.ready = bool(revision.ready)

    def port(self, service: Service, name: str) -> int:
        """Of the process behind a revision; started now if there is none yet.

        Raises:
            ApiError: it does not start.
        """
        revision = service.revisions[name]
        own = revision.annotations.get(NO_HEALTH_CHECK, "").lower() == "true"
        with self._starting.setdefault(name, threading.Lock()):
            instance = self._own.get(name)
            if instance is None:
                if revision.source is None:
                    raise ApiError(503, "UNAVAILABLE", f"{name} was never ready")
                try:
                    instance = self._start(revision.source, revision, own=own)
                except (UserError, PermissionError) as error:
                    raise ApiError(503, "UNAVAILABLE", str(error)) from None
        return int(urlsplit(instance.endpoint.url).port or 0)

    def stop(self, name: str) -> None:
        """End a revision's own process, in the background: it may take its time."""
        if instance := self._own.pop(name, None):
            thread = threading.Thread(target=instance.stack.close, daemon=True)
            thread.start()
            self._ending.append(thread)

    def close(self) -> None:
        """End them all."""
        for name in list(self._own):
            self.stop(name)
        for thread in self._ending:
            thread.join()

    def _start(self, image: Image, revision: Revision, *, own: bool) -> Instance:
        instance = self.cloud.instances.start(
            image, secret_manager.environment(self.cloud, revision), own=own
        )
        if own:
            self._own[revision.name] = instance
        return instance

    def _fail(self, revision: Revision) -> None:
        ports = revision.template["spec"]["containers"][0].get("ports") or [{}]
        logs = LOGS.format(project=PROJECT)
        revision.reason = "HealthCheckContainerError"
        revision.message = DID_NOT_LISTEN.format(
            port=ports[0].get("containerPort", 8080), logs=logs
        )


def condition(
    kind: str,
    ready: bool | None,  # noqa: FBT001 - it has three values
    message: str = "",
    reason: str = "",
    since: str = "",
) -> Json:
    """A line of ``status.conditions``."""
    status = "Unknown" if ready is None else str(ready)
    line = {"type": kind, "status": status, "lastTransitionTime": since or timestamp()}
    return line | ({"message": message} if message else {}) | ({"reason": reason} if reason else {})


def as_json(service: Service, revision: Revision) -> Json:
    """A revision as the API shows it."""
    metadata = revision.template.get("metadata", {})
    served = revision.name in {target.revision for target in service.traffic}
    failure = (revision.message, revision.reason)
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Revision",
        "metadata": {
            "name": revision.name,
            "namespace": PROJECT_NUMBER,
            "generation": 1,
            "creationTimestamp": revision.created,
            "labels": metadata.get("labels", {})
            | {
                "serving.knative.dev/service": service.name,
                "serving.knative.dev/configuration": service.name,
                "serving.knative.dev/configurationGeneration": str(revision.generation),
                "serving.knative.dev/route": service.name,
                "cloud.googleapis.com/location": REGION,
            },
            "annotations": metadata.get("annotations", {}),
        },
        "spec": revision.template["spec"],
        "status": {
            "observedGeneration": 1,
            "conditions": [
                condition("Ready", revision.ready, *failure),
                condition("Active", served if revision.ready else revision.ready),
                condition("ContainerHealthy", revision.ready, *failure),
                condition("ResourcesAvailable", revision.ready, *failure),
            ],
            "imageDigest": revision.digest,
            "logUrl": LOGS.format(project=PROJECT),
        },
    }


def listing(kind: str, items: list[Json]) -> Json:
    """A list as the API words it."""
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": kind,
        "metadata": {},
        "items": items,
    }


def find(cloud: "Cloud", name: str) -> tuple[Service, Revision]:
    """A revision and the service that it is one of.

    Raises:
        ApiError: there is none.
    """
    for service in cloud.state.services.values():
        if name in service.revisions:
            return service, service.revisions[name]
    raise not_found(f"Revision '{name}' does not exist or is deleted.")


@routes("GET", BASE + "/revisions")
def _list(cloud: "Cloud", request: Request) -> Json:
    wanted = dict(
        part.replace(" ", "").split("=", 1)
        for part in request.query.get("labelSelector", "").split(",")
        if "=" in part
    )
    revisions = [
        as_json(service, revision)
        for service in cloud.state.services.values()
        for revision in service.revisions.values()
    ]
    items = [item for item in revisions if wanted.items() <= item["metadata"]["labels"].items()]
    items.sort(key=lambda item: str(item["metadata"]["creationTimestamp"]), reverse=True)
    return listing("RevisionList", items)


@routes("GET", BASE + "/revisions/{revision}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return as_json(*find(cloud, request.values["revision"]))


@routes("DELETE", BASE + "/revisions/{revision}")
def _delete(cloud: "Cloud", request: Request) -> Json:
    """https://cloud.google.com/run/docs/managing/revisions#delete: what it refuses."""
    service, revision = find(cloud, request.values["revision"])
    if revision.name in {target.revision for target in [*service.traffic, *service.wanted]}:
        raise invalid(
            f"Revision '{revision.name}' cannot be deleted: it is referenced by the traffic of "
            f"service '{service.name}'."
        )
    if revision.name in {service.latest_created, service.latest_ready}:
        raise invalid(
            f"Revision '{revision.name}' cannot be deleted: it is the latest revision of service "
            f"'{service.name}'."
        )
    del service.revisions[revision.name]
    cloud.revisions.stop(revision.name)
    return {"kind": "Status", "status": "Success"}
