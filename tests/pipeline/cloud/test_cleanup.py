"""Cleaning up deletes what no release needs, after showing it, and never what serves."""

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.pipeline.releases.project import BUCKET, FUNCTION, SERVICE, Project
from twinserve.delivery.release.rollback import roll_back
from twinserve.targets.google.probe import PROBE_LABEL


@pytest.fixture
def served(project: Project) -> Project:
    """Three releases; the first serves again, by a rollback."""
    names = [project.release(version).name for version in ("v1.0", "v1.1", "v1.2")]
    roll_back(project.cloud(), names[0])
    return project


def test_only_what_no_release_needs_is_deleted(served: Project) -> None:
    """Of three releases the serving and the newest stay, with their images; the middle one goes."""
    before = served.serving()
    listed = served.run("cleanup", "--keep", "1", code=1)
    assert "nobody to ask: give --yes" in listed.stderr
    assert served.serving() == before
    doomed = [
        name
        for service in served.google.state.services.values()
        for name in service.revisions
        if name not in service.serving() and name != service.latest_created
    ]
    assert len(doomed) == 2
    done = served.run("cleanup", "--keep", "1", "--yes", "--json")
    deleted = json.loads(done.stdout)["deleted"]
    assert {f"revision {name}" for name in doomed} <= set(deleted)
    assert len([line for line in deleted if line.startswith("image ")]) == 2
    assert served.serving() == before
    for service in served.google.state.services.values():
        assert len(service.revisions) == 2
    again = served.run("cleanup", "--keep", "1", "--yes")
    assert "nothing to delete" in again.stdout


@pytest.mark.nightly
def test_builds_go_with_their_releases(served: Project) -> None:
    """Records and sources of the builds that no release needs go; another's, and a new one's, stay.

    The serving release is the first, the last one's revisions are the newest: the middle one goes.
    """
    middle = next(
        json.loads(content)
        for name, content in served.objects().items()
        if name.startswith("builds/v1.1-")
    )
    commit = f"commits/{'1' * 40}.json"
    archive = f"functions/{middle['function']}.tar.gz"
    served.put(commit, json.dumps(middle))
    served.put("builds/v0.9-damaged.json", "{")
    served.put("functions/nobodys.tar.gz", b"")
    for stored in served.google.state.buckets[BUCKET].objects.values():
        stored.created = "2020-01-01T00:00:00.000000Z"
    served.put("builds/v2.0-waiting.json", json.dumps({**middle, "release": "v2.0-waiting"}))
    before = served.objects().keys()
    doomed = {
        f"builds/{middle['release']}.json",
        commit,
        "builds/v0.9-damaged.json",
        "functions/nobodys.tar.gz",
    }
    served.run("cleanup", "--keep", "1", "--yes")
    # A build that waits for its release has the same source.
    assert before - served.objects().keys() == doomed
    del served.google.state.buckets[BUCKET].objects["builds/v2.0-waiting.json"]
    served.run("cleanup", "--keep", "1", "--yes")
    assert before - served.objects().keys() == {*doomed, archive, "builds/v2.0-waiting.json"}


@pytest.mark.nightly
def test_probe_that_was_left_is_deleted(served: Project) -> None:
    """A killed measurement's service is known by its label."""
    state = served.google.state
    state.services[SERVICE].labels[PROBE_LABEL] = "true"
    done = served.run("cleanup", "--dry-run")
    assert f"probe service {SERVICE}" in done.stdout
    assert SERVICE in state.services


@pytest.mark.nightly
def test_everything_is_asked_for_first(served: Project) -> None:
    """On a terminal, anything but y leaves all of it; --yes takes it all, buckets included."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "twinserve", "cleanup", "--everything"],
        cwd=served.tree,
        env=os.environ,
        stdin=child,
        stdout=subprocess.PIPE,
        text=True,
    )
    os.write(parent, b"n\n")
    printed, _ = process.communicate()
    os.close(parent)
    os.close(child)
    assert process.returncode == 0
    assert "nothing was deleted" in printed
    assert served.serving().keys() == {SERVICE, FUNCTION}
    served.run("cleanup", "--everything", "--yes")
    assert served.serving() == {}
    assert not served.google.state.repositories
    assert not [name for name in served.google.state.buckets if "twinserve" in name]
