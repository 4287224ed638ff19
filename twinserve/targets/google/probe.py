"""Throw-away services: the same images as what serves, a fresh instance for each request asked for.

A serving revision is never touched. Each sample changes one environment variable, which makes a new
revision without a build; with the deploy-time health check off nothing is started until a request
comes. Source: Cloud Run, "Configure health checks", and gcloud's ``--no-deploy-health-check``.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from twinserve.config.errors import UserError
from twinserve.targets.google.cloud_run import CloudRun, Revision, Service
from twinserve.targets.google.gcloud import Gcloud
from twinserve.targets.protocol import Endpoint

# On services that exist for one measurement only; whatever has it may be deleted.
PROBE_LABEL = "twinserve-probe"
SAMPLE_VARIABLE = "TWINSERVE_PROBE_SAMPLE"
NO_HEALTH_CHECK = "run.googleapis.com/health-check-disabled"
MIN_SCALE = "autoscaling.knative.dev/minScale"
# A service that is exported names what only the original can have.
_OWN = ("uid", "resourceVersion", "selfLink", "generation", "creationTimestamp")


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """A probe service as a target whose every start is a fresh revision.

    Attributes:
        token: that every request must bear.
        settings: options of gcloud's that each revision is made with, besides.
        headers: that every request bears for the user's own middleware.
    """

    name: str
    gcloud: Gcloud
    region: str
    service: str
    url: str
    token: str | None = field(repr=False)
    settings: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @contextmanager
    def start(self) -> Iterator[Endpoint]:
        """See ``twinserve.targets.protocol.Target``; the instance starts with the first request.

        Raises:
            GcloudError: the revision cannot be made.
        """
        variable = f"{SAMPLE_VARIABLE}={time.time_ns()}"
        options = (f"--region={self.region}", f"--update-env-vars={variable}", *self.settings)
        self.gcloud.change("run", "services", "update", self.service, *options)
        now = time.monotonic_ns()
        yield Endpoint(self.name, self.url, now, token=self.token, headers=self.headers)


def left_over(services: Mapping[str, Service]) -> list[str]:
    """The probe services among them, which only a killed measurement leaves behind."""
    return [name for name, service in services.items() if PROBE_LABEL in service.labels]


@contextmanager
def probe_service(run: CloudRun, service: Service, revision: Revision, name: str) -> Iterator[str]:
    """A copy of what ``revision`` of ``service`` serves, called ``name``; gives its URL.

    Whatever happens inside, an interrupt too, the copy is deleted afterwards.

    Raises:
        GcloudError: it cannot be made or deleted.
    """
    gcloud, place = run.gcloud, run.place
    exported = gcloud.read_text(
        "run", "services", "describe", service.name, place, "--format=export"
    )
    made = probe_manifest(exported, revision, name, gcloud.project)
    try:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "probe.yaml"
            path.write_text(yaml.safe_dump(made))
            gcloud.change("run", "services", "replace", str(path), place)
        if gcloud.dry_run:
            yield ""
        else:
            yield str(gcloud.read("run", "services", "describe", name, place)["status"]["url"])
    finally:
        run.delete_service(name)


def probe_manifest(exported: str, revision: Revision, name: str, project: str) -> dict[str, Any]:
    """The exported service under another name, on the revision's digest, idle until it is asked.

    Raises:
        UserError: the image of the revision is not known by digest.
    """
    manifest: dict[str, Any] = yaml.safe_load(exported)
    if revision.digest is None:
        raise UserError(f"{revision.name}: its image has no digest; release it anew")
    metadata = manifest["metadata"]
    for key in _OWN:
        metadata.pop(key, None)
    labels = {**metadata.get("labels", {}), PROBE_LABEL: "true"}
    metadata |= {"name": name, "namespace": project, "labels": labels}
    template = manifest["spec"]["template"]
    about = template.setdefault("metadata", {})
    about.pop("name", None)
    # gcloud's own mark of one deployment.
    about.get("labels", {}).pop("client.knative.dev/nonce", None)
    annotations = {**about.get("annotations", {}), NO_HEALTH_CHECK: "True"}
    annotations.pop(MIN_SCALE, None)
    about["annotations"] = annotations
    container = template["spec"]["containers"][0]
    path = container["image"].partition("@")[0]
    if ":" in path.rpartition("/")[2]:
        path = path.rpartition(":")[0]
    container["image"] = f"{path}@{revision.digest}"
    container["env"] = [{"name": key, "value": value} for key, value in revision.variables.items()]
    manifest["spec"].pop("traffic", None)
    manifest.pop("status", None)
    return manifest
