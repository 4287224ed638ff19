"""Every gcloud line that the code can produce passes gcloud's own parser, with no network."""

import inspect
import json
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import twinserve.targets.google.gcloud
from tests.tools import require
from tests.tree import PROJECT
from twinserve.config.deployment import PublicBy
from twinserve.config.params import load_params
from twinserve.targets.google import (
    access,
    build,
    cloud_run,
    deploy,
    jobs,
    logs,
    probe,
    registry,
    storage,
)
from twinserve.targets.google.access import Access
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason
from twinserve.targets.google.project import constraints, identity_pool, policies, quota
from twinserve.targets.google.project import resources as project
from twinserve.targets.google.registry import Image

MODULES: tuple[ModuleType, ...] = (
    access,
    build,
    cloud_run,
    constraints,
    deploy,
    identity_pool,
    jobs,
    logs,
    policies,
    probe,
    project,
    quota,
    registry,
    storage,
)
REGION = "us-central1"
BUILDER = "builder@p.iam.gserviceaccount.com"
BUCKET = "gs://p-twinserve-releases"
DIGEST = f"sha256:{'0' * 64}"
IMAGE = f"us-central1-docker.pkg.dev/p/ml-models/fastapi-ml-service@{DIGEST}"
REVISION = cloud_run.Revision("s-1", "s", {"A": "b"}, DIGEST, ready=True, created="")
SERVICE = cloud_run.Service("s", "http://s", (), {}, frozenset(), (REVISION,), {})
EXPORT = "{metadata: {name: s}, spec: {template: {spec: {containers: [{image: i}]}}}}"


def new(*, first: Access | None) -> deploy.NewRevision:
    """What a deployment is told."""
    return deploy.NewRevision(
        suffix="0123456789ab-012345-1",
        tag="candidate",
        region=REGION,
        account="runtime@p.iam.gserviceaccount.com",
        labels={"release": "v1-0"},
        variables={"TWINSERVE_RELEASE": "v1.0-0123"},
        first=first,
    )


def deployments(gcloud: Gcloud) -> None:
    """Both targets, new or not, with every switch on and off."""
    settings = load_params(PROJECT / "params.yaml").deployment
    for first in (*Access, None):
        for on in (True, False):
            change = {"public": on, "cpu_boost": on}
            service = settings.service.model_copy(update=change)
            deploy.deploy_service(gcloud, service, IMAGE, new(first=first))
            function = settings.function.model_copy(update=change)
            deploy.deploy_function(
                gcloud, function, Path("dist/function"), new(first=first), BUILDER
            )


def probes(gcloud: Gcloud) -> None:
    """A copy, and one sample of it."""
    with probe.probe_service(cloud_run.CloudRun(gcloud, REGION), SERVICE, REVISION, "probe-s"):
        target = probe.ProbeTarget("s", gcloud, REGION, "probe-s", "http://p", None)
        with target.start():
            pass


def readings(gcloud: Gcloud) -> None:
    """What is asked."""
    run = cloud_run.CloudRun(gcloud, REGION)
    run.services()
    registry.list_images(gcloud, IMAGE.partition("@")[0])
    storage.read_generation(gcloud, f"{BUCKET}/lock.json")
    storage.read_object(gcloud, f"{BUCKET}/lock.json")
    storage.read_objects(gcloud, f"{BUCKET}/releases/*.json")
    storage.read_lines(gcloud, f"{BUCKET}/releases/*.json")
    storage.list_objects(gcloud, f"{BUCKET}/**")
    storage.list_sized(gcloud, f"{BUCKET}/**")
    access.identity_token(gcloud, "deployer@p.iam.gserviceaccount.com", "https://s.run.app")
    access.decide_access(gcloud, PublicBy.AUTO)
    run.opened_by("s")
    identity_pool.read_provider(gcloud, "github", "actions")
    logs.read_build_log(gcloud, "0-1", 10)
    logs.read_figures(gcloud, REGION, "s", "2026-01-01T00:00:00Z", 10)
    project.project_number(gcloud)
    project.lifecycle_state(gcloud)
    project.is_paid_for(gcloud)
    project.accounts(gcloud)
    project.bucket_refusal(gcloud, "p-twinserve-dvc")
    project.repository_format(gcloud, REGION, "ml-models")
    project.version_state(gcloud, "api-key", "1")
    quota.build_cpus(gcloud, REGION)


def changes(gcloud: Gcloud) -> None:
    """What is moved, written and deleted."""
    run = cloud_run.CloudRun(gcloud, REGION)
    run.set_traffic("s", {"s-1": 50, "s-2": 50})
    run.set_traffic("s", {"s-1": 100}, without_tag="candidate")
    run.set_tag("s", "candidate", "s-1")
    for public in (True, False):
        for way in (Access.IAM, Access.NO_INVOKER_CHECK):
            run.set_public("s", public=public, by=way)
    run.delete_service("s")
    run.delete_revision("s-1")
    storage.write_object(gcloud, f"{BUCKET}/lock.json", "{}", generation=storage.ABSENT)
    storage.write_object(gcloud, f"{BUCKET}/releases/a.json", "{}")
    storage.upload(gcloud, Path("function.tar.gz"), f"{BUCKET}/functions/a.tar.gz")
    storage.delete_object(gcloud, f"{BUCKET}/lock.json", generation="1")
    registry.delete_image(gcloud, Image(IMAGE.partition("@")[0], DIGEST, (), ""))
    project.delete_repository(gcloud, REGION, "ml-models")
    project.delete_bucket(gcloud, "p-twinserve-dvc")
    account = "deployer@p.iam.gserviceaccount.com"
    for machine in (None, "E2_HIGHCPU_8"):
        wanted = build.Build(REGION, "0" * 40, account, f"{BUCKET}/source", machine)
        build.submit_build(gcloud, wanted, print)


def bootstraps(gcloud: Gcloud) -> None:
    """What a new project gets; nothing is there, so all is created."""
    project.enable_apis(gcloud, ["run.googleapis.com"])
    project.ensure_repository(gcloud, REGION, "ml-models")
    project.ensure_bucket(gcloud, REGION, "p-twinserve-dvc")
    project.ensure_secret(gcloud, "api-key")
    project.ensure_account(gcloud, "runtime", "runtime@p.iam.gserviceaccount.com", "Runs")
    claims = {"google.subject": "assertion.sub"}
    condition = "assertion.ref=='refs/heads/m'"
    provider = identity_pool.Provider("github", "actions", "https://i", claims, condition)
    identity_pool.ensure_provider(gcloud, provider)
    whose = (
        policies.project_resource("p"),
        policies.bucket_resource("p-twinserve-dvc"),
        policies.account_resource("d@p.iam.gserviceaccount.com"),
        policies.repository_resource("ml-models", REGION),
        policies.secret_resource("api-key"),
    )
    wanted = [
        policies.Grant(resource, "serviceAccount:a@p.iam.gserviceaccount.com", "roles/viewer")
        for resource in whose
    ]
    for grant in policies.missing(gcloud, wanted):
        policies.give(gcloud, grant)


def runs(gcloud: Gcloud) -> None:
    """A job, from its account's right to one prefix to its end."""
    account = "score-1@p.iam.gserviceaccount.com"
    bucket, role = policies.bucket_resource("p-rows"), "roles/storage.objectUser"
    prefix = "projects/_/buckets/p-rows/objects/in/"
    grant = policies.Grant(bucket, f"serviceAccount:{account}", role, prefix)
    policies.give(gcloud, grant)
    job = jobs.Job(
        name="score-1",
        image=IMAGE,
        command=("python", "-m", "task"),
        tasks=3,
        retries=3,
        cpu=2,
        memory="1Gi",
        timeout_s=3600,
        account=account,
        variables={"PLAN": "gs://p-rows/in/a,b.json"},
        labels={"bundle": "0"},
    )
    jobs.deploy_job(gcloud, REGION, job)
    jobs.execute_job(gcloud, REGION, "score-1")
    jobs.read_progress(gcloud, REGION, "score-1-a")
    jobs.cancel_execution(gcloud, REGION, "score-1-a")
    jobs.delete_job(gcloud, REGION, "score-1")
    policies.take(gcloud, grant)
    project.delete_account(gcloud, account)
    storage.delete_objects(gcloud, f"{BUCKET}/**")


class Recorder:
    """In gcloud's place: keeps every line, and answers just enough for the next one to be made."""

    def __init__(self) -> None:
        self.lines: list[list[str]] = []
        self.callers: set[str] = set()

    def __call__(self, arguments: Sequence[str], *_: object, **__: object) -> str:
        """As ``twinserve.targets.google.gcloud.run_gcloud``."""
        self.lines.append(list(arguments))
        self.callers |= {frame.function for frame in inspect.stack()}
        words = [word for word in arguments if not word.startswith("-")]
        if "describe" in words and words[0] in {"artifacts", "storage", "iam"}:
            if "objects" in words:
                return '{"generation": "1", "update_time": "2026-01-01T00:00:00+0000"}'
            raise GcloudError("not there", Reason.NOT_FOUND)
        if words[:2] == ["builds", "submit"]:
            return '{"id": "0-1", "status": "SUCCESS"}'
        if "--format=export" in arguments:
            return EXPORT
        if words[0] == "projects":
            return '{"projectNumber": 1}'
        if "describe" in words:
            return '{"metadata": {"name": "s"}, "status": {"url": "http://s"}}'
        return "[]" if {"list", "read"} & set(words) else '{"metadata": {"name": "s"}}'


PARTS = (deployments, probes, readings, changes, bootstraps, runs)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """All lines of all parts."""
    recorded = Recorder()
    monkeypatch.setattr(twinserve.targets.google.gcloud, "run_gcloud", recorded)
    for part in PARTS:
        part(Gcloud("p"))
    return recorded


def test_every_function_that_calls_gcloud_is_among_them(recorder: Recorder) -> None:
    """A new function that takes a project's gcloud has its lines checked too, or this fails."""
    takers: list[Callable[..., Any]] = [
        member
        for module in MODULES
        for name, member in inspect.getmembers(module, inspect.isfunction)
        if member.__module__ == module.__name__
        and "gcloud" in inspect.signature(member).parameters
        and not name.startswith("_")
    ]
    assert len(takers) > 20
    assert {taker.__name__ for taker in takers} <= recorder.callers


def test_every_line_passes_gclouds_own_parser(recorder: Recorder, tmp_path: Path) -> None:
    """No unknown flag, no wrong choice, nothing missing, in the track that is for everyone."""
    lines = sorted({" ".join(["gcloud", *map(_quoted, line)]) for line in recorder.lines})
    assert len(lines) > 40
    commands = tmp_path / "commands.json"
    commands.write_text(json.dumps([{"command_string": line} for line in lines]))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "CLOUDSDK_CONFIG": str(tmp_path / "gcloud"),
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    }
    program = require("gcloud")
    done = subprocess.run(
        [program, "meta", "lint-gcloud-commands", f"--commands-file={commands}", "--serialize"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    # The exit code is 0 either way.
    results = [result for listed in json.loads(done.stdout).values() for result in listed]
    assert len(results) == len(lines)
    assert [result["error_message"] for result in results if not result["success"]] == []


def _quoted(word: str) -> str:
    """As a shell wants it; but the linter takes a generation (`#1`) in quotes for a comment."""
    return word if "#" in word else shlex.quote(word)
