"""Faults: what the real gcloud makes of each, and that nothing has changed."""

import time
from pathlib import Path

import pytest

from tests.google import (
    ApiError,
    Fault,
    permission_denied,
    quota_exceeded,
    service_disabled,
    unauthenticated,
)
from tests.google.commands import (
    FUNCTION,
    HERE,
    IMAGE,
    SERVICE,
    deploy_function,
    deploy_service,
    fail,
    make_builder,
    predict,
    succeed,
)
from tests.google.fake import FakeGoogle

PUT = f"PUT run.googleapis.com.*/services/{SERVICE}"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (permission_denied("run.services.update"), "Permission 'run.services.update' denied"),
        (service_disabled(), "Cloud Run Admin API has not been used in project"),
        (quota_exceeded(), "RESOURCE_EXHAUSTED"),
        (unauthenticated(), "invalid authentication credentials"),
        (ApiError(409, "ABORTED", "Conflict for resource"), "Conflict for resource"),
    ],
)
def test_error_of_one_call_ends_the_command(
    google: FakeGoogle, dist: Path, error: ApiError, words: str
) -> None:
    """The words of the error reach the user; the service is as it was."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    update = ["run", "services", "update", SERVICE, HERE, "--update-env-vars=A=1"]
    with google.fault(Fault(PUT, error, times=0)):
        assert words in fail(google, *update)
    assert list(google.state.services[SERVICE].revisions) == [f"{SERVICE}-a"]
    succeed(google, *update)


def test_error_after_the_call_leaves_it_carried_out(google: FakeGoogle, dist: Path) -> None:
    """An answer that is lost is not a call that was not made."""
    deploy_service(google, dist / "service", "--revision-suffix=a")
    update = ["run", "services", "update", SERVICE, HERE, "--revision-suffix=b"]
    with google.fault(Fault(PUT, permission_denied(), after=True)):
        fail(google, *update)
    assert f"{SERVICE}-b" in google.state.services[SERVICE].revisions


def test_fault_strikes_as_often_as_it_says(google: FakeGoogle) -> None:
    """Once, here; its action sees the request and its delay is waited for."""
    seen: list[str] = []
    fault = Fault(
        r"GET .*/services\?", delay_s=0.3, action=lambda request: seen.append(str(request))
    )
    listing = ["run", "services", "list", HERE]
    with google.fault(fault):
        began = time.monotonic()
        succeed(google, *listing)
        assert time.monotonic() - began > 0.3
        succeed(google, *listing)
    assert len(seen) == 1


@pytest.mark.parametrize("kind", ["never-ready", "exits"])
def test_revision_that_does_not_start_gets_no_traffic(
    google: FakeGoogle, dist: Path, kind: str
) -> None:
    """Cloud Run's own message, and the old revision serves on."""
    url = deploy_service(google, dist / "service", "--revision-suffix=a")["status"]["url"]
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}:v1", HERE, "--revision-suffix=b"]
    with google.start_fault(SERVICE, kind):
        said = fail(google, *command, "--set-env-vars=A=1")
    assert (
        f"Revision '{SERVICE}-b' is not ready and cannot serve traffic. The user-provided" in said
    )
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-a": 100}
    assert predict(url).status == 200


def test_image_that_is_not_there_is_told(google: FakeGoogle) -> None:
    """By its name."""
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}:none", HERE, "--allow-unauthenticated"]
    assert f"Image '{IMAGE}:none' not found." in fail(google, *command)


def test_bundle_that_cannot_start_is_never_ready(google: FakeGoogle, dist: Path) -> None:
    """No fault is set: the process of the bundle ends by itself."""
    broken = google.directory / "broken"
    broken.mkdir()
    (broken / "requirements.txt").write_bytes((dist / "service/requirements.txt").read_bytes())
    google.push_image(f"{IMAGE}:broken", broken)
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}:broken", HERE, "--allow-unauthenticated"]
    assert "failed to start and listen on the port" in fail(google, *command)


def test_revision_can_answer_wrongly(google: FakeGoogle, dist: Path) -> None:
    """Ready, tagged, and wrong; the one before it is right."""
    url = deploy_function(google, dist / "function", "--allow-unauthenticated")["status"]["url"]
    flags = ["--no-traffic", "--tag=candidate", "--allow-unauthenticated"]
    with google.start_fault(FUNCTION, "wrong-answers"):
        traffic = deploy_function(google, dist / "function", *flags)["status"]["traffic"]
    tagged = next(entry["url"] for entry in traffic if entry.get("tag"))
    assert b'"prediction": 99' in predict(tagged).body
    assert b'"prediction": 0' in predict(url).body


def test_build_of_a_function_can_fail(google: FakeGoogle, dist: Path) -> None:
    """Gcloud says so and where the log is; there is no revision."""
    google.build_failures.append(True)
    source = [f"--source={dist / 'function'}", "--function=predict", "--base-image=python311"]
    account = f"projects/{google.project}/serviceAccounts/{make_builder(google)}"
    source.append(f"--build-service-account={account}")
    said = fail(google, "run", "deploy", FUNCTION, *source, HERE, "--no-allow-unauthenticated")
    assert "Build failed; check build logs for details" in said
    assert FUNCTION not in google.state.services


def test_unknown_route_is_told_at_once(google: FakeGoogle) -> None:
    """400 and the route: a 5xx would be repeated."""
    said = fail(google, "run", "jobs", "list", HERE)
    assert "the fake has no route for GET run.googleapis.com" in said


def test_failed_candidate_stays_in_the_way_until_its_tag_is_gone(
    google: FakeGoogle, dist: Path
) -> None:
    """A tag on a revision that is not ready keeps the traffic from moving at all.

    Taking it away works, though gcloud still reports the latest revision's failure.
    """
    for suffix in "ab":
        deploy_service(google, dist / "service", f"--revision-suffix={suffix}")
    candidate = ["--no-traffic", "--tag=candidate", "--revision-suffix=c"]
    with google.start_fault(SERVICE, "never-ready"):
        fail(google, "run", "deploy", SERVICE, f"--image={IMAGE}:v1", HERE, *candidate)
    move = ["run", "services", "update-traffic", SERVICE, HERE, f"--to-revisions={SERVICE}-a=100"]
    assert f"Revision '{SERVICE}-c' is not ready" in fail(google, *move)
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-b": 100}
    fail(google, *move, "--remove-tags=candidate")
    assert google.state.services[SERVICE].serving() == {f"{SERVICE}-a": 100}
