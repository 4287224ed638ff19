"""Rules of actions: looked at, pinned, and given what they take."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.pipeline.workflows.workflow_files import PIN, Files, Job
from tests.tree import ROOT
from twinserve.delivery.bundle.night import ATTESTED
from twinserve.targets.github.reproduction import TYPE

HERE = Path(__file__).parent
SHORTEST_DAYS = 7
# GitHub keeps artifacts no longer.
LONGEST_DAYS = 90
REVIEW = ("review", "reports/review.json")
RENEWAL = ("renewal", "reports/renewal/*")
# What each job leaves: by name and path.
ARTIFACTS = {
    "pr.yml: data": [REVIEW],
    "pr.yml: review": [REVIEW],
    "measure.yml: measure": [("latency", "reports/report.*"), ("history", "reports/history/*")],
    "monitor.yml: monitor": [("monitoring", "reports/monitoring.*")],
    "renew.yml: renew": [RENEWAL],
    "renew.yml: rows": [RENEWAL],
}
LOGIN = {
    "project_id": "${{ vars.GOOGLE_CLOUD_PROJECT }}",
    "workload_identity_provider": "${{ vars.WORKLOAD_IDENTITY_PROVIDER }}",
    "service_account": "${{ vars.DEPLOYER }}",
}
APP = {
    "client-id": "${{ vars.RENEWAL_APP }}",
    "private-key": "${{ secrets.RENEWAL_APP_KEY }}",
    "permission-contents": "write",
    "permission-issues": "write",
    "permission-pull-requests": "write",
}
# What each job takes that another run has left, or an earlier job of the same.
LEFT = {
    "pr-comment.yml: comment": [
        {
            "pattern": "review",
            "path": "untrusted",
            "run-id": "${{ github.event.workflow_run.id }}",
            "github-token": "${{ github.token }}",
        }
    ],
    "renew.yml: open": [{"pattern": "renewal", "path": "untrusted"}],
    "renew.yml: tell": [{"pattern": "review", "path": "untrusted"}],
}
READING = {
    "project_id": "${{ vars.GOOGLE_CLOUD_PROJECT }}",
    "workload_identity_provider": "${{ vars.READING_PROVIDER }}",
    "service_account": "${{ vars.READER }}",
}
ADDING = {**LOGIN, "service_account": "${{ vars.RENEWER }}"}
# Kept under the run's own name: by a pull request's run, which no other pull request can read.
TABLE = {"path": ".dvc/cache", "key": "data-${{ github.run_id }}-${{ github.run_attempt }}"}
MODEL = {"subject-path": "models/**/model.*"}
FUNCTION = {"subject-path": "${{ steps.build.outputs.function }}"}


def _image(source: str) -> dict[str, str]:
    """The image, as a step of the same job or another job names it."""
    return {
        "subject-name": f"${{{{ {source}.outputs.image }}}}",
        "subject-digest": f"${{{{ {source}.outputs.digest }}}}",
    }


SBOM = {**_image("needs.build"), "sbom-path": "reports/sbom.json"}
REPRODUCED = {
    "subject-path": "models/model.pkl",
    "predicate-type": TYPE,
    "predicate-path": str(ATTESTED),
}
CACHE = {
    "path": ".venv",
    "key": "environment-${{ runner.os }}-${{ runner.arch }}"
    "-${{ steps.python.outputs.python-version }}"
    "-${{ hashFiles('locks/bootstrap.txt', 'locks/dev.txt', 'locks/remote-*.txt', '.dvc/config',"
    " 'twinserve/delivery/environment/install.py') }}",
}


def actions_are_known(files: Files) -> Iterator[str]:
    """Only those that have been looked at, for which there is a stand-in."""
    for step in files.steps:
        if step.action is not None and step.action not in _EXPECTED:
            yield f"{step.where}: {step.action} is an action that nobody has looked at"


def actions_are_pinned(files: Files) -> Iterator[str]:
    """To a whole commit with its version beside it, the same everywhere."""
    seen: dict[str, tuple[str, str]] = {}
    for name, text in files.texts.items():
        for pin in PIN.finditer(text):
            action, commit, version = pin["action"], pin["commit"], pin["version"]
            if not re.fullmatch(r"[0-9a-f]{40}", commit):
                yield f"{name}: {action} is not pinned to a commit"
            if not version or not re.fullmatch(r"v\d+\.\d+\.\d+", version):
                yield f"{name}: {action} has no version beside its commit"
            if seen.setdefault(action, (commit, version)) != (commit, version):
                yield f"{name}: {action} is pinned otherwise than elsewhere"


def actions_are_given_what_they_take(files: Files) -> Iterator[str]:
    """No input that the action does not have; what matters of each as it must be."""
    for step in files.steps:
        if step.action is None:
            continue
        for unknown in set(step.inputs) - _taken_by(step.action):
            yield f"{step.where}: {step.action} takes no {unknown}"
        if not _EXPECTED[step.action](step.inputs):
            yield f"{step.where}: {step.action} is not given what it must be"
    for job in files.jobs:
        matrix = job.raw.get("strategy", {}).get("matrix", {})
        for step in job.steps:
            wanted = set(matrix) & {"python-version"}
            if step.action == "setup" and set(step.inputs) != wanted:
                yield f"{step.where}: not set up with what its matrix says"
    attested = [step.inputs for step in files.steps if step.action == "actions/attest"]
    if attested != [_image("steps.build"), FUNCTION, MODEL, SBOM, REPRODUCED]:
        yield "something else is attested than image, function, model, contents and the night"


@cache
def _taken_by(action: str) -> set[str]:
    if action in {"gcloud", "setup"}:
        return {"python-version"} if action == "setup" else set()
    path = HERE / "actions" / action / "action.yml"
    return set(yaml.safe_load(path.read_text())["inputs"])


@cache
def _gcloud() -> str:
    """The version that Cloud Build's steps have."""
    match = re.search(r"google-cloud-cli:([\d.]+)-", (ROOT / "cloudbuild.yaml").read_text())
    assert match
    return match[1]


_EXPECTED: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "actions/checkout": lambda given: given.get("persist-credentials") is False,
    "google-github-actions/auth": lambda _: True,
    "google-github-actions/setup-gcloud": lambda given: given == {"version": _gcloud()},
    "actions/upload-artifact": lambda given: (
        given.get("if-no-files-found") == "error"
        and SHORTEST_DAYS <= given.get("retention-days", 0) <= LONGEST_DAYS
    ),
    "actions/create-github-app-token": lambda given: given == APP,
    "actions/download-artifact": lambda _: True,
    "actions/attest": lambda _: True,
    "actions/cache": lambda given: given == CACHE,
    "actions/cache/save": lambda given: given == TABLE,
    "actions/cache/restore": lambda given: given == {**TABLE, "fail-on-cache-miss": True},
    "actions/setup-python": lambda given: (
        given == {"python-version": "${{ inputs.python-version }}"}
    ),
    "gcloud": lambda given: given == {},
    "setup": lambda given: given in ({}, {"python-version": "${{ matrix.python-version }}"}),
}


def bases_differ_from_heads(files: Files) -> Iterator[str]:
    """A second checkout is of the base; the comment's is of the trusted branch.

    The plan is made from the merge and its parents, and the verdict by the base's code alone.
    """
    refs = {
        job.where: [step.inputs for step in job.steps if step.action == "actions/checkout"]
        for job in files.jobs
    }
    plain = {"persist-credentials": False}
    of_base = "${{ inputs.base || github.event.pull_request.base.sha }}"
    base = {**plain, "ref": of_base, "path": ".base"}
    head = {**plain, "ref": "${{ inputs.head || github.sha }}"}
    trusted = {**plain, "ref": "${{ github.event.repository.default_branch }}"}
    for where, checkouts in refs.items():
        expected = {
            "pr.yml: plan": [{**head, "fetch-depth": 2}, base],
            "pr.yml: audit": [head, base],
            "pr.yml: data": [head, base],
            "full-check.yml: model": [{**plain, "ref": "${{ inputs.commit }}"}],
            "pr.yml: review": [head, base],
            "pr.yml: all-green": [base],
            "pr-comment.yml: comment": [trusted],
            "renew.yml: open": [{**plain, "fetch-depth": 0}],
        }
        usual = [head] if where.startswith("pr.yml") else [plain]
        if checkouts and checkouts != expected.get(where, usual):
            yield f"{where}: checks out something else"


def each_job_is_who_it_is_to_be(files: Files) -> Iterator[str]:
    """The deployer in its environment alone; who adds to DVC's bucket opens pull requests."""
    for job in files.jobs:
        expected = LOGIN if job.raw.get("environment") == "production" else READING
        if job.where == "renew.yml: open":
            expected = ADDING
        if any(given != expected for given in _given(job, "google-github-actions/auth")):
            yield f"{job.where}: logs in as another account"


def each_job_takes_what_was_left_for_it(files: Files) -> Iterator[str]:
    """And leaves what another takes, or a person."""
    for job in files.jobs:
        uploads = _given(job, "actions/upload-artifact")
        left = [(given.get("name"), given.get("path")) for given in uploads]
        if left != ARTIFACTS.get(job.where, []):
            yield f"{job.where}: leaves something else"
        if _given(job, "actions/download-artifact") != LEFT.get(job.where, []):
            yield f"{job.where}: takes something else"


def _given(job: Job, action: str) -> list[Mapping[str, Any]]:
    return [step.inputs for step in job.steps if step.action == action]


RULES: tuple[Callable[[Files], Iterator[str]], ...] = (
    actions_are_pinned,
    actions_are_known,
    actions_are_given_what_they_take,
    each_job_is_who_it_is_to_be,
    each_job_takes_what_was_left_for_it,
    bases_differ_from_heads,
)
