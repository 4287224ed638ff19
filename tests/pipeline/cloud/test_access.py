"""Whatever an organisation forbids, a release ends with both targets: public, or private."""

import pytest

from tests.google import Fault, permission_denied
from tests.google.state import PROJECT
from tests.pipeline.releases.project import FUNCTION, SERVICE, Project
from twinserve.targets.google.access import is_private

DOMAINS = "iam.allowedPolicyMemberDomains"
INVOKER = "run.managed.requireInvokerIam"
ONE_CUSTOMER = [{"values": {"allowedValues": ["is:C03xgje4y"]}}]


@pytest.mark.nightly
def test_domain_restricted_sharing_leaves_endpoints_public(project: Project) -> None:
    """Nobody may be named, so nobody is asked; no policy is tried that would be refused."""
    project.google.state.constraints[DOMAINS] = ONE_CUSTOMER
    project.release("v1.0")
    services = project.google.state.services
    assert services.keys() == {SERVICE, FUNCTION}
    assert not any(is_private(f"{service.url}/predict") for service in services.values())
    assert not [name for name in project.google.state.policies if name.startswith("services/")]


def test_endpoints_that_may_not_be_public_are_private_and_told(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both serve the release, to who has a token; the line names the policies; none is deleted."""
    project.google.state.constraints |= {DOMAINS: ONE_CUSTOMER, INVOKER: [{"enforce": True}]}
    project.release("v1.0")
    services = project.google.state.services
    assert services.keys() == {SERVICE, FUNCTION}
    assert all(is_private(f"{service.url}/predict") for service in services.values())
    said = capsys.readouterr().out
    assert f"{FUNCTION} is private, though params.yaml has it public: {DOMAINS} and" in said
    assert not [call for call in project.changes() if call.startswith("DELETE run.")]
    assert PROJECT in said


@pytest.mark.nightly
def test_policy_that_nobody_may_read_costs_no_service(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Met when the services are opened: both stay private, in a line with the cure."""
    project.google.state.constraints[DOMAINS] = ONE_CUSTOMER
    unreadable = Fault("orgpolicy", permission_denied("orgpolicy.policy.get"), times=0)
    with project.google.fault(unreadable):
        project.release("v1.0")
    services = project.google.state.services
    assert all(is_private(f"{service.url}/predict") for service in services.values())
    said = capsys.readouterr().out
    assert f"{SERVICE} stays private: " in said
    assert "twinserve doctor" in said
