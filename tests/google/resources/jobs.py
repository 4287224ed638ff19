"""Jobs and their executions: Cloud Run Admin API v1, namespaces.jobs and namespaces.executions.

A task is a process of the job's image with the variables of "Container runtime contract, Jobs". One
that fails is started again under the same index, as often as the job's ``maxRetries`` says.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.google.api import Json, Request, Routes, already_exists, not_found, timestamp
from tests.google.faults import permission_denied
from tests.google.resources.permissions import may
from tests.google.resources.revisions import condition
from tests.google.state import PROJECT, PROJECT_NUMBER, REGION, Image

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

API = "run.googleapis.com/apis/run.googleapis.com/v1/namespaces/{project}"
ACT_AS = "iam.serviceAccounts.actAs"
LOOPBACK = "127.0.0.1"

routes = Routes()


@dataclass(slots=True)
class Execution:
    """A run of a job.

    Attributes:
        running: processes by index.
        retried: how often a task was started again.
        output: what each attempt printed, by index.
    """

    name: str
    job: str
    spec: Json
    created: str = field(default_factory=timestamp)
    running: dict[int, subprocess.Popen[str]] = field(default_factory=dict)
    succeeded: int = 0
    failed: int = 0
    retried: int = 0
    cancelled: bool = False
    output: dict[int, list[str]] = field(default_factory=dict)

    @property
    def tasks(self) -> int:
        return int(self.spec.get("taskCount", 1))

    @property
    def ended(self) -> bool:
        """Whether no task is left to run."""
        return self.succeeded + self.failed >= self.tasks

    def kill(self, index: int) -> None:
        """End a task as a machine does."""
        os.killpg(self.running[index].pid, signal.SIGKILL)


@routes("GET", API + "/jobs/{job}")
def _get(cloud: "Cloud", request: Request) -> Json:
    return _job_as_json(_find(cloud, request.values["job"]))


@routes("POST", API + "/jobs")
def _create(cloud: "Cloud", request: Request) -> Json:
    name = request.json["metadata"]["name"]
    if name in cloud.state.jobs:
        raise already_exists(f"Resource '{name}' already exists.")
    return _put(cloud, request, name)


@routes("PUT", API + "/jobs/{job}")
def _replace(cloud: "Cloud", request: Request) -> Json:
    return _put(cloud, request, _find(cloud, request.values["job"])["metadata"]["name"])


@routes("DELETE", API + "/jobs/{job}")
def _delete(cloud: "Cloud", request: Request) -> Json:
    job = _find(cloud, request.values["job"])
    name = job["metadata"]["name"]
    for execution in [
        execution for execution in cloud.state.executions.values() if execution.job == name
    ]:
        _cancel_tasks(execution)
    del cloud.state.jobs[name]
    return {"apiVersion": "v1", "kind": "Status", "status": "Success"}


@routes("POST", API + "/jobs/{job}:run")
def _run(cloud: "Cloud", request: Request) -> Json:
    job = _find(cloud, request.values["job"])
    name = f"{job['metadata']['name']}-{secrets.token_hex(3)[:5]}"
    execution = Execution(name, job["metadata"]["name"], job["spec"]["template"]["spec"])
    cloud.state.executions[name] = execution
    account = execution.spec["template"]["spec"]["serviceAccountName"]
    for index in range(execution.tasks):
        threading.Thread(
            target=_run_task, args=(cloud, execution, index, account), daemon=True
        ).start()
    return _execution_as_json(execution)


@routes("GET", API + "/executions/{execution}")
def _get_execution(cloud: "Cloud", request: Request) -> Json:
    return _execution_as_json(_find_execution(cloud, request.values["execution"]))


@routes("POST", API + "/executions/{execution}:cancel")
def _cancel(cloud: "Cloud", request: Request) -> Json:
    execution = _find_execution(cloud, request.values["execution"])
    _cancel_tasks(execution)
    return _execution_as_json(execution)


def _put(cloud: "Cloud", request: Request, name: str) -> Json:
    asked = request.json
    spec = asked["spec"]["template"]["spec"]["template"]["spec"]
    account = spec["serviceAccountName"]
    if not cloud.is_known(account) or not may(
        cloud, request.caller, ACT_AS, f"serviceAccounts/{account}"
    ):
        raise permission_denied("iam.serviceaccounts.actAs")
    cloud.state.jobs[name] = asked
    return _job_as_json(asked)


def _run_task(cloud: "Cloud", execution: Execution, index: int, account: str) -> None:
    """Start a task, and again while it fails."""
    spec = execution.spec["template"]["spec"]
    (container,) = spec["containers"]
    image = cloud.state.find_image(container["image"])
    for attempt in range(int(spec.get("maxRetries", 3)) + 1):
        if execution.cancelled or image is None:
            break
        metadata = metadata_server(cloud.token_of(account))
        variables = {entry["name"]: entry["value"] for entry in container.get("env", [])}
        variables |= {
            "CLOUD_RUN_JOB": execution.job,
            "CLOUD_RUN_EXECUTION": execution.name,
            "CLOUD_RUN_TASK_INDEX": str(index),
            "CLOUD_RUN_TASK_COUNT": str(execution.tasks),
            "CLOUD_RUN_TASK_ATTEMPT": str(attempt),
        }
        code = _attempt(cloud, execution, index, image, metadata, variables)
        metadata.shutdown()
        metadata.server_close()
        if code == 0:
            execution.succeeded += 1
            return
        execution.retried += 1
    execution.failed += 1


def _attempt(
    cloud: "Cloud",
    execution: Execution,
    index: int,
    image: Image,
    metadata: ThreadingHTTPServer,
    variables: dict[str, str],
) -> int:
    (container,) = execution.spec["template"]["spec"]["containers"]
    programs = {"python": sys.executable}
    command = [programs.get(word, word) for word in container["command"]] + container["args"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "GCE_METADATA_HOST": f"{LOOPBACK}:{metadata.server_address[1]}",
        "PYTHONDONTWRITEBYTECODE": "1",
        **cloud.network,
    }
    with subprocess.Popen(
        command,
        cwd=image.bundle,
        env=environment | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        execution.running[index] = process
        printed = process.communicate()[0]
    execution.output.setdefault(index, []).append(printed)
    del execution.running[index]
    return process.returncode


def metadata_server(token: str) -> ThreadingHTTPServer:
    """Who a process runs as: "Container runtime contract, metadata server"."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Metadata-Flavor") == "Google"
            asked = self.path.endswith("/service-accounts/default/token")
            self.send_response(200 if given and asked else 404)
            self.end_headers()
            body = b'{"access_token": "%b", "expires_in": 3600, "token_type": "Bearer"}'
            self.wfile.write(body % token.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - theirs
            """Stay silent."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    return server


def _cancel_tasks(execution: Execution) -> None:
    execution.cancelled = True
    for index in list(execution.running):
        execution.kill(index)


def _find(cloud: "Cloud", name: str) -> Json:
    if name not in cloud.state.jobs:
        raise not_found(
            f"Resource '{name}' of kind 'JOB' in region '{REGION}' in project '{PROJECT}' does not "
            "exist."
        )
    return cloud.state.jobs[name]


def _find_execution(cloud: "Cloud", name: str) -> Execution:
    if name not in cloud.state.executions:
        raise not_found(f"Resource '{name}' of kind 'EXECUTION' does not exist.")
    execution: Execution = cloud.state.executions[name]
    return execution


def _job_as_json(job: Json) -> Json:
    return job | {
        "metadata": {
            **job["metadata"],
            "namespace": PROJECT_NUMBER,
            "generation": 1,
            "creationTimestamp": timestamp(),
        },
        "status": {"observedGeneration": 1, "conditions": [condition("Ready", ready=True)]},
    }


def _execution_as_json(execution: Execution) -> Json:
    completed = execution.failed == 0 if execution.ended else None
    status = {
        "observedGeneration": 1,
        "conditions": [condition("Completed", completed), condition("Started", ready=True)],
        "runningCount": len(execution.running),
        "succeededCount": execution.succeeded,
        "failedCount": 0 if execution.cancelled else execution.failed,
        "cancelledCount": execution.failed if execution.cancelled else 0,
        "retriedCount": execution.retried,
    }
    if execution.ended:
        status["completionTime"] = timestamp()
    return {
        "apiVersion": "run.googleapis.com/v1",
        "kind": "Execution",
        "metadata": {
            "name": execution.name,
            "namespace": PROJECT_NUMBER,
            "generation": 1,
            "creationTimestamp": execution.created,
            "labels": {"run.googleapis.com/job": execution.job},
        },
        "spec": execution.spec,
        "status": {name: value for name, value in status.items() if value != 0},
    }
