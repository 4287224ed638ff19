"""Objects below one prefix to results below another, by a Cloud Run job that is made for the run.

What the run needs (an account, its two rights, the job) is made when it begins and gone when it
ends, however that is. The same command again passes over the results that stand.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import bundled_card, read_bundle_hash
from twinserve.delivery.image.score import COMMAND
from twinserve.delivery.names import account_email, labels, release_name, score_path
from twinserve.delivery.project import Cloud
from twinserve.scoring.job.plan import PLAN, TASKS, VARIABLE, Item, Plan, split_url
from twinserve.scoring.options import CSV, Options
from twinserve.scoring.scorer import Scorer
from twinserve.targets.google import jobs
from twinserve.targets.google.gcloud import GcloudError
from twinserve.targets.google.project import policies
from twinserve.targets.google.project import resources as project
from twinserve.targets.google.registry import list_images
from twinserve.targets.google.settling import once_settled
from twinserve.targets.google.storage import (
    delete_objects,
    list_sized,
    read_objects,
    write_object,
)

READS, WRITES = "roles/storage.objectViewer", "roles/storage.objectUser"
CPU, MEMORY, RETRIES, TIMEOUT_S = 2, "1Gi", 3, 24 * 3600
POLL_S = 5.0
_DIGITS = 8
# Names that stand in a condition's quotes as they are.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=")


@dataclass(frozen=True, slots=True)
class Run:
    """A run, by the prefixes that it is between.

    Attributes:
        source: ``gs://bucket/prefix/``.
        target: likewise.
        name: of the job, and of the account: each pair of prefixes has its own.
    """

    cloud: Cloud
    source: str
    target: str
    bundle: Path
    options: Options
    tasks: int
    name: str

    @property
    def account(self) -> str:
        """Email of the account that the tasks run as."""
        return account_email(self.name, self.cloud.project)

    @property
    def folder(self) -> str:
        """Where plan and tasks' accounts lie, until the run has ended."""
        return f"{self.target}.{self.name}/"


def new_run(
    cloud: Cloud, source: str, target: str, bundle: Path, options: Options, tasks: int
) -> Run:
    """A run between two prefixes.

    Raises:
        UserError: one is no prefix, or the one is within the other.
    """
    source, target = (_as_prefix(url) for url in (source, target))
    if source.startswith(target) or target.startswith(source):
        raise UserError(f"{target}: expected a prefix apart from {source}")
    digest = hashlib.sha256(f"{source} {target}".encode()).hexdigest()
    return Run(cloud, source, target, bundle, options, tasks, f"score-{digest[:_DIGITS]}")


def score_objects(run: Run, *, poll_s: float = POLL_S) -> dict[str, int]:
    """Score all objects; how many objects, rows and wrong rows there were.

    Raises:
        UserError: there is nothing to score, a row is wrong where none may be, or a task failed.
    """
    cloud, gcloud = run.cloud, run.cloud.gcloud
    Scorer(run.bundle, run.options)
    image = _image(run)
    items = _items(run)
    count = min(run.tasks, len(items))
    plan = Plan(run.source, run.target, read_bundle_hash(run.bundle), run.options, items)
    with _made(run):
        cloud.say(f"{len(items)} objects, {count} tasks, as {run.account}")
        write_object(gcloud, run.folder + PLAN, plan.to_json())
        job = jobs.Job(
            name=run.name,
            image=image,
            command=COMMAND,
            tasks=count,
            retries=RETRIES,
            cpu=CPU,
            memory=MEMORY,
            timeout_s=TIMEOUT_S,
            account=run.account,
            variables={VARIABLE: run.folder + PLAN},
            labels=labels({"bundle": plan.bundle}),
        )
        _settled(cloud, partial(jobs.deploy_job, gcloud, cloud.region, job))
        execution = jobs.execute_job(gcloud, cloud.region, run.name)
        if execution is None:
            return {}
        progress = _watch(cloud, execution, poll_s)
        told = read_objects(gcloud, f"{run.folder}{TASKS}/*.json")
    return _summed(execution, progress, [json.loads(text) for text in told.values()], count)


def _watch(cloud: Cloud, execution: str, poll_s: float) -> jobs.Progress:
    """Wait for the end; an interrupt cancels it."""
    said = ""
    try:
        while True:
            progress = jobs.read_progress(cloud.gcloud, cloud.region, execution)
            if str(progress) != said:
                said = str(progress)
                cloud.say(f"  {execution}: {said}")
            if progress.ended:
                return progress
            time.sleep(poll_s)
    except KeyboardInterrupt:
        cloud.say(f"interrupted: {execution} is cancelled")
        jobs.cancel_execution(cloud.hurried().gcloud, cloud.region, execution)
        raise


def _summed(
    execution: str, progress: jobs.Progress, told: list[dict[str, object]], count: int
) -> dict[str, int]:
    faults = [str(task["error"]) for task in told if task["error"]]
    if faults:
        more = f" (and {len(faults) - 1} more tasks)" * (len(faults) > 1)
        raise UserError(f"{faults[0]}{more}; results that are whole stay, the rest is not there")
    if progress.failed or len(told) < count:
        raise UserError(
            f"{execution}: {progress.failed} of {count} tasks failed; Cloud Logging has what they "
            "printed; the same command again scores what is not done"
        )
    names = ("objects", "rows", "wrong", "before")
    return {name: sum(int(str(task.get(name, 0))) for task in told) for name in names}


@contextmanager
def _made(run: Run) -> Iterator[None]:
    """Account and rights while the block lasts; they, the job and the plan are gone behind it."""
    cloud = run.cloud
    try:
        title = f"Scores {run.source}"[:100]
        ensure = partial(project.ensure_account, cloud.gcloud, run.name, run.account, title)
        _settled(cloud, ensure)
        for grant in _grants(run):
            _settled(cloud, partial(policies.give, cloud.gcloud, grant))
        yield
    except BaseException:
        # What stays is said; why the run ended is the error.
        with suppress(GcloudError):
            _clean_up(run)
        raise
    _clean_up(run)


def _grants(run: Run) -> list[policies.Grant]:
    """To read the one prefix and to write the other, and nothing else."""
    grants = []
    for url, role in ((run.source, READS), (run.target, WRITES)):
        bucket, prefix = split_url(url)
        grants.append(
            policies.Grant(
                policies.bucket_resource(bucket),
                f"serviceAccount:{run.account}",
                role,
                f"projects/_/buckets/{bucket}/objects/{prefix}",
            )
        )
    return grants


def _clean_up(run: Run) -> None:
    """Remove all that was made, each whether or not another could be.

    Raises:
        GcloudError: the first that could not.
    """
    cloud = run.cloud.hurried()
    gcloud = cloud.gcloud
    steps: list[Callable[[], object]] = [
        partial(jobs.delete_job, gcloud, cloud.region, run.name),
        *(partial(policies.take, gcloud, grant) for grant in _grants(run)),
        partial(project.delete_account, gcloud, run.account),
        partial(delete_objects, gcloud, f"{run.folder}**"),
    ]
    faults = []
    for step in steps:
        try:
            step()
        except GcloudError as error:
            faults.append(error)
            cloud.say(f"not removed: {error}")
    if faults:
        raise faults[0]


def _settled(cloud: Cloud, call: Callable[[], object]) -> None:
    once_settled(call, lambda line: cloud.say(f"      {line}"))


def _image(run: Run) -> str:
    """The image of the bundle, by digest.

    Raises:
        UserError: it was not pushed.
    """
    cloud = run.cloud
    release = release_name(bundled_card(), read_bundle_hash(run.bundle))
    path = score_path(cloud.deployment, cloud.project)
    for image in list_images(cloud.gcloud, path):
        if release in image.tags:
            return image.url
    raise UserError(
        f"{path}:{release}: no such image; make it with `twinserve build --target score --push`"
    )


def _items(run: Run) -> tuple[Item, ...]:
    """What there is to score.

    Raises:
        UserError: nothing, or something that the image cannot read.
    """
    _, prefix = split_url(run.source)
    objects = []
    for listed in list_sized(run.cloud.gcloud, f"{run.source}**"):
        name = listed.name.removeprefix(prefix)
        if name.endswith("/"):
            continue
        if not name.lower().endswith(CSV):
            raise UserError(
                f"{run.source}{name}: a job scores CSV ({', '.join(CSV)}); Parquet needs a "
                "library that no serving lock has: score it with this command on a machine"
            )
        objects.append(Item(name, listed.generation, listed.size))
    if not objects:
        raise UserError(f"{run.source}: no object there; expected files to score")
    results = [item.result for item in objects]
    twice = next((name for name in results if results.count(name) > 1), None)
    if twice is not None:
        raise UserError(f"{run.source}{twice}: there with .gz and without; expected one of them")
    return tuple(objects)


def _as_prefix(url: str) -> str:
    bucket, prefix = split_url(url)
    if not set(bucket + prefix) <= _PLAIN:
        raise UserError(f"{url}: expected letters, digits, and - _ . / = in a prefix")
    prefix = prefix.strip("/")
    return f"gs://{bucket}/{prefix}/" if prefix else f"gs://{bucket}/"
