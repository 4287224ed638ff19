"""Cloud Run jobs: deployed, executed, watched, cancelled, deleted.

Source of the field names: Cloud Run Admin API v1, ``namespaces.executions``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinserve.targets.google.gcloud import Gcloud, if_it_exists


@dataclass(frozen=True, slots=True)
class Job:
    """A job to run.

    Attributes:
        image: by digest.
        command: that each task runs.
        tasks: how many there are, all at once.
        retries: how often a task that fails is started again.
        account: email of the service account that it runs as.
        variables: of each task, beside those that say which it is.
    """

    name: str
    image: str
    command: Sequence[str]
    tasks: int
    retries: int
    cpu: int
    memory: str
    timeout_s: int
    account: str
    variables: Mapping[str, str]
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an execution is: numbers of tasks, and how often one was started again."""

    running: int
    succeeded: int
    failed: int
    retried: int
    ended: bool

    def __str__(self) -> str:
        again = f", started again {self.retried} times" * bool(self.retried)
        return f"{self.succeeded} done, {self.running} running, {self.failed} failed{again}"


def deploy_job(gcloud: Gcloud, region: str, job: Job) -> None:
    """Have a job of that name as it is described here.

    Raises:
        GcloudError: it is refused.
    """
    program, *arguments = job.command
    gcloud.change(
        "run",
        "jobs",
        "deploy",
        job.name,
        f"--image={job.image}",
        f"--command={program}",
        f"--args={','.join(arguments)}",
        f"--region={region}",
        f"--tasks={job.tasks}",
        f"--max-retries={job.retries}",
        f"--cpu={job.cpu}",
        f"--memory={job.memory}",
        f"--task-timeout={job.timeout_s}s",
        f"--service-account={job.account}",
        f"--set-env-vars={_pairs(job.variables)}",
        f"--labels={_pairs(job.labels)}",
    )


def execute_job(gcloud: Gcloud, region: str, name: str) -> str | None:
    """Start it; the execution's name, None on a dry run.

    Raises:
        GcloudError: it is refused.
    """
    raw = gcloud.change("run", "jobs", "execute", name, f"--region={region}", "--async")
    return None if raw is None else str(raw["metadata"]["name"])


def read_progress(gcloud: Gcloud, region: str, execution: str) -> Progress:
    """How far an execution is.

    Raises:
        GcloudError: it cannot be read.
    """
    place = f"--region={region}"
    raw = gcloud.read("run", "jobs", "executions", "describe", execution, place)
    status: Mapping[str, Any] = raw.get("status", {})
    return Progress(
        running=status.get("runningCount", 0),
        succeeded=status.get("succeededCount", 0),
        failed=status.get("failedCount", 0) + status.get("cancelledCount", 0),
        retried=status.get("retriedCount", 0),
        ended=bool(status.get("completionTime")),
    )


def cancel_execution(gcloud: Gcloud, region: str, execution: str) -> None:
    """End the tasks that run.

    Raises:
        GcloudError: it is refused.
    """
    place = f"--region={region}"
    gcloud.change("run", "jobs", "executions", "cancel", execution, place, "--async")


def delete_job(gcloud: Gcloud, region: str, name: str) -> None:
    """Delete a job with its executions; one that is not there is deleted already.

    Raises:
        GcloudError: it is refused.
    """
    with if_it_exists():
        gcloud.change("run", "jobs", "delete", name, f"--region={region}", "--async")


def _pairs(members: Mapping[str, str]) -> str:
    # Another separator than a comma, which a value may have: `gcloud topic escaping`.
    return "^|^" + "|".join(f"{name}={value}" for name, value in members.items())
