"""Whatever goes wrong with a release ends in one line, with traffic as it was."""

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.google import (
    ApiError,
    Fault,
    permission_denied,
    quota_exceeded,
    service_disabled,
)
from tests.pipeline.releases.candidates import golden_only
from tests.pipeline.releases.project import FUNCTION, LOCK, SERVICE, Project
from twinserve.config.errors import UserError
from twinserve.contract.check import CheckError
from twinserve.delivery.release.lease import KeepLockError
from twinserve.delivery.release.transaction import release
from twinserve.targets.google.gcloud import GcloudError, Reason

# What befalls the second target is the harder case; the first is for the night.
BOTH = pytest.mark.parametrize(
    "service", [pytest.param(SERVICE, marks=pytest.mark.nightly), FUNCTION]
)
CHANGE = r"PUT run.googleapis.com/apis/.*/services/{}(\?|$)"


@pytest.fixture
def served(project: Project) -> Iterator[Project]:
    """A project with a release on both targets, and the bundles of the next one in the tree."""
    project.release("v1.0")
    project.bundle("v1.1")
    before = project.serving()
    yield project
    assert project.serving() == before


def refused(project: Project, reason: Reason | None = None) -> str:
    """Release what is in the tree; the one line that it ends with."""
    with pytest.raises(UserError) as refusal:
        project.release("v1.1")
    line = str(refusal.value)
    assert "\n" not in line
    if reason is not None:
        assert isinstance(refusal.value, GcloudError)
        assert refusal.value.reason is reason
    assert project.leftovers() == set()
    return line


@BOTH
@pytest.mark.parametrize(
    ("error", "reason", "cure"),
    [
        (permission_denied("run.services.update"), Reason.DENIED, "twinserve bootstrap"),
        pytest.param(
            quota_exceeded(),
            Reason.QUOTA,
            "wait and run it again",
            marks=pytest.mark.nightly,
        ),
    ],
    ids=["denied", "quota"],
)
def test_refused_deployment_changes_nothing(
    served: Project, service: str, error: ApiError, reason: Reason, cure: str
) -> None:
    """Google's refusal is quoted with what to do about it."""
    with served.google.fault(Fault(CHANGE.format(service), error, times=0)):
        assert cure in refused(served, reason)


@pytest.mark.nightly
def test_api_that_is_not_enabled_is_said(served: Project) -> None:
    """The first question to Cloud Run tells, and the line names the command that enables it."""
    fault = Fault(r"GET run.googleapis.com/apis/.*/services\?", service_disabled(), times=0)
    with served.google.fault(fault):
        assert "twinserve bootstrap" in refused(served, Reason.DISABLED)


@pytest.mark.nightly
def test_tag_that_cannot_be_removed_is_only_said(served: Project) -> None:
    """A candidate refused by its check whose tag stays has moved no traffic: it is not exit 5."""
    identity = served.bundle("v1.1")
    broken = Fault(CHANGE.format(FUNCTION), quota_exceeded(), times=0)

    def breaks(*_: object) -> None:
        served.google.faults.append(broken)
        raise CheckError("the candidate is wrong")

    with pytest.raises(CheckError, match="the candidate is wrong"):
        release(served.cloud(), identity, check=breaks)
    assert served.tags() == {"candidate"}
    assert LOCK not in served.objects()


@BOTH
def test_refused_promotion_puts_both_back(served: Project, service: str) -> None:
    """The first or the second promotion fails: neither target keeps the new release."""
    identity = served.bundle("v1.1")
    fault = Fault(CHANGE.format(service), permission_denied("run.services.update"))

    def breaks(*_: object) -> None:
        """After both deployments, one refusal."""
        served.google.faults.append(fault)

    with pytest.raises(GcloudError, match="twinserve bootstrap") as refusal:
        release(served.cloud(), identity, check=breaks)
    assert refusal.value.reason is Reason.DENIED
    assert fault.struck == 1
    assert served.leftovers() == set()


@pytest.mark.nightly
@BOTH
@pytest.mark.parametrize("kind", ["never-ready", "exits"])
def test_candidate_that_never_becomes_ready_changes_nothing(
    served: Project, service: str, kind: str
) -> None:
    """The line says that it did not start, and where its log is."""
    with served.google.start_fault(service, kind):
        assert "gcloud run services logs read" in refused(served, Reason.NOT_READY)


def test_image_that_is_not_there_is_asked_for(served: Project) -> None:
    """A release whose image was never pushed names the command that pushes it."""
    identity = served.bundle("v1.1")
    del served.google.state.buckets["twin-project-twinserve-releases"].objects[
        f"builds/{identity.name}.json"
    ]
    with pytest.raises(UserError, match="twinserve build --push"):
        release(served.cloud(), identity, check=golden_only)


@pytest.mark.nightly
def test_image_that_was_deleted_is_asked_for(served: Project) -> None:
    """An image that is recorded, but no longer in the registry, likewise."""
    identity = served.bundle("v1.1")
    served.google.state.repositories["ml-models"].packages.clear()
    with pytest.raises(GcloudError, match="twinserve build --push") as refusal:
        release(served.cloud(), identity, check=golden_only)
    assert refusal.value.reason is Reason.NO_IMAGE


@pytest.mark.nightly
def test_build_that_fails_changes_nothing(served: Project) -> None:
    """A function that Google cannot build says where the log is."""
    served.google.build_failures.append(True)
    assert "gcloud builds" in refused(served, Reason.BUILD)


@pytest.mark.nightly
def test_interrupt_puts_both_back(served: Project) -> None:
    """Ctrl-C or a SIGTERM while both are being moved ends with 130 and traffic as it was."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # The second change of the function is its promotion: the service has been moved.
        reached = Fault(CHANGE.format(FUNCTION), times=0)
        assert served.interrupt("release", reached, times=2, by=number) == "interrupted"
        assert served.leftovers() == set()


@pytest.mark.nightly
def test_traffic_that_cannot_be_put_back_is_said(served: Project) -> None:
    """Exit code 5 names what to run; the lock stays, and that command puts both back."""
    identity = served.bundle("v1.1")
    broken = Fault(CHANGE.format(SERVICE), quota_exceeded(), times=0)
    first = Fault(CHANGE.format(FUNCTION), quota_exceeded())
    first.action = lambda _: served.google.faults.append(broken)

    def breaks(*_: object) -> None:
        """The function cannot be promoted, and from then on the service cannot be changed."""
        served.google.faults.append(first)

    with pytest.raises(KeepLockError, match="rollback --take-over") as refusal:
        release(served.cloud(), identity, check=breaks)
    assert refusal.value.exit_code == 5
    assert LOCK in served.objects()
    served.google.faults.remove(broken)
    served.run("rollback", "--take-over")


def lock(owner: str, left: timedelta) -> str:
    """A lock object that somebody holds."""
    expires = (datetime.now(UTC) + left).isoformat(timespec="seconds")
    return json.dumps({"owner": owner, "purpose": "release v0", "expires": expires, "before": None})


def test_second_release_stops_at_once(served: Project) -> None:
    """Exit code 3, the owner's name, and not one call that changes anything."""
    served.put(LOCK, lock("somebody else", timedelta(hours=1)))
    before = [call for call in served.changes() if "storage" not in call]
    done = served.run("release", code=3)
    assert "error: somebody else holds the lock for release v0" in done.stderr
    assert [call for call in served.changes() if "storage" not in call] == before
    assert LOCK in served.objects()


@pytest.mark.nightly
def test_expired_lease_is_taken_over(project: Project) -> None:
    """A lock whose time has passed keeps nobody out, and a live one can be taken over."""
    project.put(LOCK, lock("a dead one", -timedelta(seconds=1)))
    project.release("v1.0")
    project.put(LOCK, lock("a live one", timedelta(hours=1)))
    two = project.bundle("v1.1")
    release(project.cloud(), two, check=golden_only, take_over=True)
    assert project.releases() == {SERVICE: {two.name}, FUNCTION: {two.name}}
    assert LOCK not in project.objects()


@pytest.mark.nightly
def test_release_whose_lock_was_taken_over_moves_nothing(served: Project) -> None:
    """It notices before it promotes, and leaves the traffic to whoever has the lock."""
    identity = served.bundle("v1.1")
    theirs = lock("somebody else", timedelta(hours=1))

    def taken(*_: object) -> None:
        served.put(LOCK, theirs)

    with pytest.raises(UserError, match="the lock was taken over meanwhile") as refusal:
        release(served.cloud(), identity, check=taken)
    assert refusal.value.exit_code == 3
    assert served.objects()[LOCK] == theirs.encode()
