"""A rollback moves both targets to a release that served before, or neither."""

from collections.abc import Iterator

import pytest

from tests.google import Fault, quota_exceeded
from tests.pipeline.releases.project import FUNCTION, LOCK, SERVICE, Project
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.release.rollback import roll_back
from twinserve.targets.google.gcloud import GcloudError

Served = tuple[Project, list[Identity]]


@pytest.fixture
def served(project: Project) -> Iterator[Served]:
    """Two releases, the second of which serves."""
    yield project, [project.release(version) for version in ("v1.0", "v1.1")]
    assert LOCK not in project.objects()


@pytest.mark.nightly
def test_rollback_goes_to_the_release_before_and_back(served: Served) -> None:
    """Without a name to the one before; by release and by version to any that is recorded."""
    project, (old, new) = served
    done = project.run("rollback")
    assert f"{old.name} serves on both" in done.stdout
    assert project.releases() == {SERVICE: {old.name}, FUNCTION: {old.name}}
    roll_back(project.cloud(), new.name)
    assert project.releases() == {SERVICE: {new.name}, FUNCTION: {new.name}}
    roll_back(project.cloud(), "v1.0")
    assert project.releases() == {SERVICE: {old.name}, FUNCTION: {old.name}}
    with pytest.raises(UserError, match=rf"nothing before {old.name} .*{new.name}, {old.name}"):
        roll_back(project.cloud(), None)
    with pytest.raises(UserError, match=r"no release or version v9 is recorded"):
        roll_back(project.cloud(), "v9")
    assert project.releases() == {SERVICE: {old.name}, FUNCTION: {old.name}}


@pytest.mark.nightly
def test_refused_rollback_moves_neither(served: Served) -> None:
    """The second target cannot be moved: the first goes back to where it was."""
    project, (_, new) = served
    fault = Fault(rf"PUT run.googleapis.com/apis/.*/services/{FUNCTION}(\?|$)", quota_exceeded())
    with project.google.fault(fault), pytest.raises(GcloudError, match="Quota exceeded"):
        roll_back(project.cloud(), None)
    assert project.releases() == {SERVICE: {new.name}, FUNCTION: {new.name}}


@pytest.mark.nightly
def test_rollback_to_what_was_deleted_is_refused(served: Served) -> None:
    """A revision that is no longer there is named, with the commit to release anew."""
    project, (old, new) = served
    service = project.google.state.services[FUNCTION]
    (gone,) = [name for name in service.revisions if name not in service.serving()]
    del service.revisions[gone]
    with pytest.raises(UserError, match=rf"{gone} is no longer there.*git checkout {old.commit}"):
        roll_back(project.cloud(), None)
    assert project.releases() == {SERVICE: {new.name}, FUNCTION: {new.name}}


@pytest.mark.nightly
def test_dry_run_of_a_rollback_only_prints(served: Served) -> None:
    """Both commands, and nothing moved."""
    project, (old, new) = served
    done = project.run("rollback", "--dry-run")
    for name in (SERVICE, FUNCTION):
        assert f"update-traffic {name} --region=us-central1 --to-revisions={name}-" in done.stdout
    assert old.bundle[:12] in done.stdout
    assert project.releases() == {SERVICE: {new.name}, FUNCTION: {new.name}}
