"""Who may be the deployer: one repository's main branch, whoever has its name today."""

import pytest

from tests.google.resources.accounts import lets_in
from tests.pipeline.workflows.workflow_files import Job, read_files, texts_of
from twinserve.delivery.cloud.federation import (
    READING_POOL,
    pool_path,
    principals,
    provider_for,
    reading_provider_for,
)
from twinserve.targets.github.api import Identity

OURS = Identity(700700, 4242)
CLAIMS = {
    "repository": "someone/twin",
    "repository_id": "700700",
    "repository_owner_id": "4242",
    "ref": "refs/heads/main",
    "job_workflow_ref": "someone/twin/.github/workflows/deploy.yml@refs/heads/main",
}


def test_main_of_the_repository_is_let_in() -> None:
    """Under another name too: a rename changes no number."""
    condition = provider_for(OURS).condition
    assert lets_in(condition, CLAIMS)
    assert lets_in(condition, {**CLAIMS, "repository": "someone/renamed"})


@pytest.mark.parametrize(
    "other",
    [
        {"repository_id": "1"},
        {"repository_owner_id": "1"},
        {"ref": "refs/heads/feature"},
        {"ref": "refs/pull/1/merge"},
    ],
)
def test_nobody_else_is(other: dict[str, str]) -> None:
    """A new repository of the old name, another owner's, another branch, a pull request."""
    assert not lets_in(provider_for(OURS).condition, {**CLAIMS, **other})


def _job(workflow: str) -> str:
    """What a token says of the file that its job stands in."""
    return f"someone/twin/.github/workflows/{workflow}@refs/heads/main"


def _runs_another_commit(job: Job) -> bool:
    """Whether the job installs or runs what it has not from the commit that started it."""
    return any(
        step.action == "actions/checkout" and "ref" in step.inputs and "path" not in step.inputs
        for step in job.steps
    )


def test_main_that_runs_another_commits_code_is_not() -> None:
    """A renewal's checks and a fork's full check, which GitHub calls runs of main."""
    jobs = list(read_files(texts_of()).jobs)
    trusted = {job.workflow for job in jobs if "WORKLOAD_IDENTITY_PROVIDER" in str(job.raw)}
    others = {
        job.workflow
        for job in jobs
        if "id-token" in job.raw.get("permissions", {}) and _runs_another_commit(job)
    }
    assert {"deploy.yml", "rollback.yml"} <= trusted
    assert others == {"pr.yml", "full-check.yml"}
    condition = provider_for(OURS).condition
    for workflows, expected in ((trusted, True), (others, False)):
        for name in workflows:
            assert lets_in(condition, {**CLAIMS, "job_workflow_ref": _job(name)}) is expected


def test_token_that_names_no_workflow_is_not() -> None:
    """A claim that is missing is an error to Google, which lets nobody in."""
    claims = {name: claim for name, claim in CLAIMS.items() if name != "job_workflow_ref"}
    assert not lets_in(provider_for(OURS).condition, claims)


def test_principal_is_named_by_number() -> None:
    """The attribute that IAM compares is the one that the provider maps."""
    provider = provider_for(OURS)
    member = principals("1", OURS)
    assert member.endswith("/workloadIdentityPools/github/attribute.repository_id/700700")
    assert provider.mapping["attribute.repository_id"] == "assertion.repository_id"


@pytest.mark.parametrize("ref", ["refs/heads/main", "refs/heads/feature", "refs/pull/1/merge"])
def test_every_run_of_the_repository_may_read(ref: str) -> None:
    """And no other repository's, whatever its name."""
    condition = reading_provider_for(OURS).condition
    assert lets_in(condition, {**CLAIMS, "ref": ref})
    assert not lets_in(condition, {**CLAIMS, "ref": ref, "repository_id": "1"})
    assert not lets_in(condition, {**CLAIMS, "ref": ref, "repository_owner_id": "1"})


def test_what_a_pull_request_is_given_does_not_lead_to_the_deployer() -> None:
    """The one who reads is bound to another pool, and IAM compares the pool first."""
    deploying, reading = (principals("1", OURS, pool) for pool in ("github", READING_POOL))
    assert pool_path("1", READING_POOL) in reading
    assert pool_path("1") + "/" not in reading
    assert deploying != reading
