"""Who may be the deployer: one repository's main branch, whoever has its name today."""

import pytest

from tests.google.resources.accounts import lets_in
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
