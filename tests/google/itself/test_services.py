"""Services as the real gcloud sees them: deployed, tagged, promoted, refused."""

from pathlib import Path

import pytest

from tests.google import Fault
from tests.google.api import Request
from tests.google.commands import (
    FUNCTION,
    HERE,
    IMAGE,
    SERVICE,
    deploy_function,
    deploy_service,
    fail,
    predict,
    succeed,
)
from tests.google.fake import FakeGoogle

CANDIDATE = ["--no-traffic", "--tag=candidate", "--revision-suffix=b"]


def test_first_deployment_serves_its_bundle(google: FakeGoogle, dist: Path) -> None:
    """A new service gets all traffic on its first revision, and its URL answers."""
    service = deploy_service(google, dist / "service", "--revision-suffix=a")
    assert service["status"]["latestReadyRevisionName"] == f"{SERVICE}-a"
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-a": 100}
    assert predict(service["status"]["url"]).status == 200


def test_new_service_without_traffic_is_refused(google: FakeGoogle, dist: Path) -> None:
    """There must be a revision that serves."""
    google.push_image(f"{IMAGE}:v1", dist / "service")
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}:v1", HERE, "--no-traffic"]
    assert "--no-traffic not supported when creating a new service" in fail(google, *command)
    assert SERVICE not in google.state.services


def test_candidate_is_reached_by_its_tag_only(google: FakeGoogle, dist: Path) -> None:
    """A revision without traffic has a URL of its own; its variables reach its process."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    release = "--set-env-vars=TWINSERVE_RELEASE=second"
    status = deploy_service(google, dist / "service", *CANDIDATE, release)["status"]
    tagged = {entry.get("tag"): entry for entry in status["traffic"]}
    assert tagged["candidate"]["revisionName"] == f"{SERVICE}-b"
    assert tagged["candidate"]["url"] != status["url"]
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-a": 100}
    instances = [
        predict(url).headers["x-instance"] for url in (status["url"], tagged["candidate"]["url"])
    ]
    assert instances[0].split(";")[0] != instances[1].split(";")[0]


def test_promotion_moves_traffic_and_takes_the_tag_away(google: FakeGoogle, dist: Path) -> None:
    """Both in one command; what is left is one revision with everything."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    candidate = deploy_service(google, dist / "service", *CANDIDATE)["status"]["traffic"]
    url = next(entry["url"] for entry in candidate if entry.get("tag"))
    move = ["run", "services", "update-traffic", SERVICE, HERE, f"--to-revisions={SERVICE}-b=100"]
    succeed(google, *move, "--remove-tags=candidate")
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-b": 100}
    assert google.state.services[SERVICE].tags() == {}
    assert predict(url).status == 404


def test_traffic_to_an_unknown_revision_is_refused(google: FakeGoogle, dist: Path) -> None:
    """And stays where it was."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    move = ["run", "services", "update-traffic", SERVICE, HERE, "--to-revisions=nothing=100"]
    assert "Revision 'nothing' does not exist" in fail(google, *move)
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-a": 100}


def test_revisions_in_use_cannot_be_deleted(google: FakeGoogle, dist: Path) -> None:
    """Not one with traffic, not the latest; another one can."""
    for suffix in "abc":
        deploy_service(google, dist / "service", f"--revision-suffix={suffix}")
    move = ["run", "services", "update-traffic", SERVICE, HERE, f"--to-revisions={SERVICE}-a=100"]
    succeed(google, *move)
    delete = ["run", "revisions", "delete", HERE, "--quiet"]
    assert "referenced by the traffic" in fail(google, *delete, f"{SERVICE}-a")
    assert "latest revision" in fail(google, *delete, f"{SERVICE}-c")
    succeed(google, *delete, f"{SERVICE}-b")
    listed = succeed(google, "run", "revisions", "list", f"--service={SERVICE}", HERE)
    assert {item["metadata"]["name"] for item in listed} == {f"{SERVICE}-a", f"{SERVICE}-c"}


def test_tagged_revision_cannot_be_deleted(google: FakeGoogle, dist: Path) -> None:
    """A tag protects it as traffic does."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    deploy_service(google, dist / "service", *CANDIDATE)
    deploy_service(google, dist / "service", "--no-traffic", "--revision-suffix=c")
    delete = ["run", "revisions", "delete", HERE, "--quiet", f"{SERVICE}-b"]
    assert "referenced by the traffic" in fail(google, *delete)


def test_name_of_a_revision_is_given_once(google: FakeGoogle, dist: Path) -> None:
    """The same again is no new revision; something else under the same name is a conflict."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    deploy_service(google, dist / "service", "--revision-suffix=a")
    assert list(google.state.services[SERVICE].revisions) == [f"{SERVICE}-a"]
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}:v1", HERE, "--revision-suffix=a"]
    assert "with different configuration already exists" in fail(
        google, *command, "--set-env-vars=A=1"
    )


def test_function_is_what_was_uploaded(google: FakeGoogle, dist: Path) -> None:
    """Its source is built, and the function answers at its root too."""
    status = deploy_function(google, dist / "function", "--allow-unauthenticated")["status"]
    assert predict(status["url"]).body == predict(f"{status['url']}/").body
    image = google.state.services[FUNCTION].revisions[status["latestReadyRevisionName"]].image
    assert image.startswith(f"{IMAGE.split('/ml-models')[0]}/cloud-run-source-deploy/{FUNCTION}@")


def test_function_has_candidates_as_a_service_has(google: FakeGoogle, dist: Path) -> None:
    """Tag, no traffic, its own name."""
    deploy_function(google, dist / "function", "--revision-suffix=a")
    deploy_function(google, dist / "function", *CANDIDATE)
    function = google.state.services[FUNCTION]
    assert function.serving() == {f"{FUNCTION}-a": 100}
    assert function.tags() == {"candidate": f"{FUNCTION}-b"}


def test_private_service_wants_a_token_for_its_own_url(google: FakeGoogle, dist: Path) -> None:
    """403 without one, 401 with another's, and an answer with its own; the tag's URL likewise."""
    url = deploy_function(google, dist / "function")["status"]["url"]
    succeed(google, "iam", "service-accounts", "create", "checker")
    ask = ["auth", "print-identity-token", "--include-email"]
    account = f"--impersonate-service-account=checker@{google.project}.iam.gserviceaccount.com"
    token, other = (
        google.gcloud(*ask, account, f"--audiences={audience}").stdout.strip()
        for audience in (url, "https://example.com")
    )
    assert predict(url).status == 403
    assert predict(url, ("Authorization", f"Bearer {other}")).status == 401
    # A token says who asks; whether they may is the service's policy.
    assert predict(url, ("Authorization", f"Bearer {token}")).status == 403
    checker = f"--member=serviceAccount:checker@{google.project}.iam.gserviceaccount.com"
    bind = ["run", "services", "add-iam-policy-binding", FUNCTION, HERE, checker]
    succeed(google, *bind, "--role=roles/run.invoker")
    assert predict(url, ("Authorization", f"Bearer {token}")).status == 200


@pytest.mark.parametrize("disabled", [False, True])
def test_deployment_starts_an_instance_unless_told_not_to(
    google: FakeGoogle, dist: Path, *, disabled: bool
) -> None:
    """With the health check off, the first request is the first of a fresh instance."""
    url = deploy_service(google, dist / "service")["status"]["url"]
    exported = google.gcloud("run", "services", "describe", SERVICE, HERE, "--format=export")
    flag = f'        run.googleapis.com/health-check-disabled: "{disabled}"\n      labels:\n'
    probe = exported.stdout.replace(f"name: {SERVICE}", "name: probe")
    probe = probe.replace(f"'{google.number}'", google.project).replace("      labels:\n", flag, 1)
    path = google.directory / "probe.yaml"
    path.write_text(probe)
    succeed(google, "run", "services", "replace", str(path), HERE)
    public = ["--member=allUsers", "--role=roles/run.invoker"]
    succeed(google, "run", "services", "add-iam-policy-binding", "probe", HERE, *public)
    first = predict(google.state.services["probe"].url)
    assert ("requests=1;" in first.headers["x-instance"]) or not disabled
    shared = (
        first.headers["x-instance"].split(";")[0]
        == predict(url).headers["x-instance"].split(";")[0]
    )
    assert shared is not disabled


def test_update_of_an_old_copy_is_a_conflict(google: FakeGoogle, dist: Path) -> None:
    """Whoever wrote in between wins; gcloud says so and leaves it at that."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    service = google.state.services[SERVICE]

    def write_in_between(_: Request) -> None:
        service.resource_version = "another"

    update = ["run", "services", "update", SERVICE, HERE, "--revision-suffix=b"]
    with google.fault(Fault("PUT .*/services/", action=write_in_between)):
        assert "Conflict for resource" in fail(google, *update)
    assert list(service.revisions) == [f"{SERVICE}-a"]


def test_service_is_created_once(google: FakeGoogle, dist: Path) -> None:
    """Of two that deploy a new service at once, the second is told."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    hidden = google.state.services.pop(SERVICE)
    digest = next(iter(google.state.repositories["ml-models"].packages[SERVICE].images))
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}@{digest}", HERE]

    def appear(_: Request) -> None:
        google.state.services[SERVICE] = hidden

    with google.fault(Fault("POST .*/services", action=appear)):
        said = fail(google, *command, "--allow-unauthenticated")
    assert f"Resource '{SERVICE}' already exists" in said


def test_revision_runs_as_an_account_that_exists(google: FakeGoogle, dist: Path) -> None:
    """Google says that the caller may not act as one that doesn't."""
    account = f"runtime@{google.project}.iam.gserviceaccount.com"
    digest = google.push_image(f"{IMAGE}:v1", dist / "service")
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}@{digest}", HERE]
    command += ["--allow-unauthenticated", f"--service-account={account}"]
    assert "iam.serviceaccounts.actAs" in fail(google, *command)
    succeed(google, "iam", "service-accounts", "create", "runtime")
    deployed = succeed(google, *command)
    assert deployed["spec"]["template"]["spec"]["serviceAccountName"] == account


def test_function_is_not_built_by_an_account_without_a_role(google: FakeGoogle, dist: Path) -> None:
    """The Compute default account, which builds where none is named, has none; nor a stranger."""
    source = f"--source={dist / 'function'}"
    command = ["run", "deploy", FUNCTION, "--function=predict", source, HERE]
    command += ["--base-image=python311", "--no-allow-unauthenticated"]
    said = fail(google, *command)
    assert "-compute@developer.gserviceaccount.com does not have storage.objects.get" in said
    assert not google.state.services
