"""A project made ready, as the real gcloud asks for it: APIs, accounts, roles, pools."""

import json

import pytest

from tests.google.commands import HERE, fail, succeed
from tests.google.fake import FakeGoogle

PLACE = HERE.replace("region", "location")
DEPLOYER = "deployer@twin-project.iam.gserviceaccount.com"
MEMBER = f"--member=serviceAccount:{DEPLOYER}"
POOL = ["--location=global", "--workload-identity-pool=github"]
ISSUER = "--issuer-uri=https://token.actions.githubusercontent.com"
MAPPING = "--attribute-mapping=google.subject=assertion.sub"


def test_apis_are_enabled_by_name(google: FakeGoogle) -> None:
    """The APIs that were asked for, and no others; a call to another one is refused."""
    google.state.enabled.clear()
    assert "SERVICE_DISABLED" in fail(google, "run", "services", "list", HERE)
    google.gcloud("services", "enable", "run.googleapis.com", "iam.googleapis.com")
    listed = succeed(google, "services", "list", "--enabled")
    assert {item["config"]["name"] for item in listed} == {
        "run.googleapis.com",
        "iam.googleapis.com",
    }
    succeed(google, "run", "services", "list", HERE)


def test_repository_is_made_once_with_its_policies(google: FakeGoogle) -> None:
    """Not found, made, found; a second one of the name is a conflict."""
    repository = ["artifacts", "repositories"]
    assert "NOT_FOUND" in fail(google, *repository, "describe", "ml-models", PLACE)
    succeed(google, *repository, "create", "ml-models", PLACE, "--repository-format=docker")
    again = fail(google, *repository, "create", "ml-models", PLACE, "--repository-format=docker")
    assert "ALREADY_EXISTS" in again
    policies = google.directory / "policies.json"
    keep = {"name": "keep", "action": {"type": "Keep"}, "mostRecentVersions": {"keepCount": 10}}
    policies.write_text(json.dumps([keep]))
    command = [*repository, "set-cleanup-policies", "ml-models", PLACE, f"--policy={policies}"]
    succeed(google, *command)
    described = succeed(google, *repository, "describe", "ml-models", PLACE)
    assert described["cleanupPolicies"]["keep"]["mostRecentVersions"]["keepCount"] == 10


def test_settings_of_a_bucket_are_kept(google: FakeGoogle) -> None:
    """As given at its creation and by a later update."""
    bucket = ["storage", "buckets"]
    private = ["--uniform-bucket-level-access", "--public-access-prevention"]
    succeed(google, *bucket, "create", "gs://some-bucket", PLACE, *private)
    assert "HTTPError 409" in fail(google, *bucket, "create", "gs://some-bucket", PLACE)
    succeed(google, *bucket, "update", "gs://some-bucket", "--versioning")
    described = succeed(google, *bucket, "describe", "gs://some-bucket")
    assert described["public_access_prevention"] == "enforced"
    assert described["versioning_enabled"] is True


@pytest.mark.parametrize(
    ("kind", "command", "resource"),
    [
        ("projects", ["projects"], ["twin-project", "--condition=None"]),
        ("buckets", ["storage", "buckets"], ["gs://some-bucket"]),
        ("repositories", ["artifacts", "repositories"], ["ml-models", PLACE]),
        ("serviceAccounts", ["iam", "service-accounts"], [DEPLOYER]),
    ],
)
def test_role_is_given_on_each_kind_of_resource(
    google: FakeGoogle, kind: str, command: list[str], resource: list[str]
) -> None:
    """To an account that exists; one that doesn't is refused, as a resource is that doesn't."""
    bind = [*command, "add-iam-policy-binding", *resource, MEMBER, "--role=roles/viewer"]
    fail(google, *bind)
    succeed(google, "storage", "buckets", "create", "gs://some-bucket", PLACE)
    create = ["artifacts", "repositories", "create", "ml-models", PLACE]
    succeed(google, *create, "--repository-format=docker")
    if kind != "serviceAccounts":
        assert f"Service account {DEPLOYER} does not exist" in fail(google, *bind)
    succeed(google, "iam", "service-accounts", "create", "deployer")
    succeed(google, *bind)
    policy = google.state.policies[f"{kind}/{resource[0].removeprefix('gs://')}"]
    assert policy.members("roles/viewer") == {f"serviceAccount:{DEPLOYER}"}


def test_service_account_is_made_once(google: FakeGoogle) -> None:
    """Not found, made, found; a second one of the name is a conflict."""
    accounts = ["iam", "service-accounts"]
    assert "NOT_FOUND" in fail(google, *accounts, "describe", DEPLOYER)
    succeed(google, *accounts, "create", "deployer", "--display-name=Deployer")
    assert succeed(google, *accounts, "describe", DEPLOYER)["displayName"] == "Deployer"
    assert "already exists" in fail(google, *accounts, "create", "deployer")


def test_provider_of_github_needs_a_condition(google: FakeGoogle) -> None:
    """Without one any repository could come in: Google refuses, and so does the fake."""
    pools = ["iam", "workload-identity-pools"]
    assert "NOT_FOUND" in fail(google, *pools, "describe", "github", "--location=global")
    succeed(google, *pools, "create", "github", "--location=global")
    create = [*pools, "providers", "create-oidc", "github", *POOL, ISSUER, MAPPING]
    assert "attribute condition must reference" in fail(google, *create)
    condition = "--attribute-condition=assertion.repository=='someone/something'"
    succeed(google, *create, condition)
    described = succeed(google, *pools, "providers", "describe", "github", *POOL)
    assert described["attributeCondition"] == "assertion.repository=='someone/something'"
    assert "ALREADY_EXISTS" in fail(google, *create, condition)


def test_project_has_an_id_and_a_number(google: FakeGoogle) -> None:
    """Another one cannot be seen."""
    described = succeed(google, "projects", "describe", google.project)
    assert described["projectNumber"] == google.number
    assert "does not have permission" in fail(
        google, "run", "services", "list", HERE, "--project=other-one"
    )
