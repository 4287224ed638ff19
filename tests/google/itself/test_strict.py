"""The fake refuses what Google refuses: by role, account, quota, name, label, size and runtime."""

from typing import Any

import pytest

from tests.google import FakeGoogle
from tests.google.api import ApiError, Request
from tests.google.building import check_quota, check_runtime
from tests.google.cloud import Cloud
from tests.google.resources.permissions import ROLES, RULES, check, may
from tests.google.state import OWNER, PROJECT
from tests.google.syntax import check as check_syntax

DEPLOYER = f"serviceAccount:deployer@{PROJECT}.iam.gserviceaccount.com"
SERVICES = "/apis/serving.knative.dev/v1/namespaces/p/services"


@pytest.fixture
def cloud(google: FakeGoogle) -> Cloud:
    """The cloud as a handler has it."""
    return google._cloud  # noqa: SLF001 - handlers are given it


def give(cloud: Cloud, role: str, resource: str = f"projects/{PROJECT}") -> None:
    """Have the deployer a role."""
    binding = {"role": role, "members": [DEPLOYER]}
    cloud.state.policy(resource).bindings.append(binding)


def ask(method: str, path: str, host: str = "run.googleapis.com", **values: str) -> Request:
    """A request as a handler gets it."""
    return Request(method, host, path, {}, {}, b"", values)


def test_every_permission_is_one_that_a_role_or_the_owner_holds() -> None:
    """A permission misspelt in a rule would be held by nobody, and go unnoticed."""
    held = set().union(*ROLES.values())
    owners = {rule.permission for rule in RULES} - held
    verbs = {permission.rpartition(".")[2] for permission in owners}
    assert verbs <= {
        "create", "delete", "enable", "get", "getIamPolicy", "setIamPolicy", "update",
    }  # fmt: skip
    assert "run.services.get" in held


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("roles/run.sourceDeveloper", "GET", SERVICES),
        ("roles/run.sourceDeveloper", "POST", SERVICES),
        ("roles/run.admin", "DELETE", f"{SERVICES}/app"),
    ],
)
def test_call_needs_a_role_that_holds_its_permission(
    cloud: Cloud, role: str, method: str, path: str
) -> None:
    """Refused without, let through with it; the owner always is."""
    request = ask(method, path, service="app")
    check(cloud, request, OWNER)
    with pytest.raises(ApiError, match="denied on resource"):
        check(cloud, request, DEPLOYER)
    give(cloud, role)
    check(cloud, request, DEPLOYER)


def test_source_developer_sets_no_policy(cloud: Cloud) -> None:
    """To make a service public takes more than to deploy it."""
    give(cloud, "roles/run.sourceDeveloper")
    path = "/v1/projects/p/locations/us-central1/services/app:setIamPolicy"
    with pytest.raises(ApiError, match=r"run\.services\.setIamPolicy"):
        check(cloud, ask("POST", path, services="app"), DEPLOYER)


def test_role_on_a_bucket_counts_for_that_bucket_only(cloud: Cloud) -> None:
    """Cloud Storage says it in its own words."""
    give(cloud, "roles/storage.objectAdmin", "buckets/ours")
    for bucket in ("ours", "theirs"):
        request = ask(
            "DELETE", f"/storage/v1/b/{bucket}/o/a", "storage.googleapis.com", bucket=bucket
        )
        if bucket == "ours":
            check(cloud, request, DEPLOYER)
            continue
        with pytest.raises(ApiError, match=r"does not have storage\.objects\.delete access"):
            check(cloud, request, DEPLOYER)


def test_role_counts_once_it_is_known(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as the delay that is set, it is as if it had not been given."""
    now = 100.0
    monkeypatch.setattr("tests.google.resources.permissions.time.monotonic", lambda: now)
    give(cloud, "roles/run.admin")
    cloud.state.policy(f"projects/{PROJECT}").since[("roles/run.admin", DEPLOYER)] = 99.0
    cloud.state.lag_s = 5.0
    assert not may(cloud, DEPLOYER, "run.services.get")
    now = 104.0
    assert may(cloud, DEPLOYER, "run.services.get")


@pytest.mark.parametrize(
    ("machine", "cpus", "fits"),
    [
        ("", 4, True),
        ("E2_HIGHCPU_8", 4, False),
        ("E2_HIGHCPU_8", 10, True),
        ("E2_MEDIUM", 1, False),
    ],
)
def test_build_beside_a_build_needs_cpus_of_the_quota(
    cloud: Cloud, machine: str, cpus: int, *, fits: bool
) -> None:
    """One of the standard machine runs; another finds room in what is left, or none."""
    cloud.state.build_cpus = cpus
    cloud.state.builds["a"] = {"status": "WORKING"}
    if fits:
        check_quota(cloud, machine)
        return
    with pytest.raises(ApiError, match="due to quota restrictions"):
        check_quota(cloud, machine)


def test_runtime_must_be_known() -> None:
    """A Python that there is not is refused."""
    check_runtime("python311")
    with pytest.raises(ApiError, match="python37 is not a known runtime"):
        check_runtime("python37")


def service(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A right service with some of it changed."""
    container = {
        "image": "i",
        "env": changes.get("env", []),
        "resources": {"limits": changes.get("limits", {"cpu": "1", "memory": "512Mi"})},
    }
    template = {
        "metadata": {"name": changes.get("revision", "app-1")},
        "spec": {
            "containers": [container],
            "containerConcurrency": changes.get("concurrency", 80),
        },
    }
    return {
        "metadata": {"name": changes.get("name", "app"), "labels": changes.get("labels", {})},
        "spec": {"template": template, "traffic": [{"tag": changes.get("tag", "candidate")}]},
    }


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "App"}, "metadata.name"),
        ({"name": "a" * 50}, "metadata.name"),
        ({"revision": "app-" + "1" * 60}, "invalid revision name"),
        ({"tag": "v1.0"}, "invalid traffic tag"),
        ({"name": "a" * 40}, "cannot exceed 46 characters"),
        ({"labels": {"Release": "a"}}, "invalid label"),
        ({"labels": {"release": "v1.0"}}, "invalid label"),
        ({"labels": {f"l{n}": "a" for n in range(65)}}, "more than 64"),
        ({"env": [{"name": "PORT"}]}, "reserved env names"),
        ({"env": [{"name": "A=B"}]}, "invalid name of a variable"),
        ({"env": [{"name": "A"}, {"name": "A"}]}, "given twice"),
        ({"limits": {"cpu": "1", "memory": "8Gi"}}, "container memory"),
        ({"limits": {"cpu": "4", "memory": "512Mi"}}, "container memory"),
        ({"limits": {"cpu": "3", "memory": "2Gi"}}, "Invalid value specified for cpu"),
        ({"limits": {"cpu": "500m", "memory": "256Mi"}}, "concurrency > 1"),
        ({"limits": {"cpu": "1", "memory": "512M"}}, "invalid value 512M"),
    ],
)
def test_service_is_refused_by_its_syntax(changes: dict[str, Any], said: str) -> None:
    """Each is right until that one thing is changed."""
    check_syntax(service())
    with pytest.raises(ApiError) as refused:
        check_syntax(service(**changes))
    assert said in refused.value.message
