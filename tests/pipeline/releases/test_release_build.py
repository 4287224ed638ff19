"""A release of what was built elsewhere, both candidates at once, and calls that hang."""

import json
import shutil
import signal
import subprocess
import sys
import threading

import pytest

from tests.google import Fault, permission_denied
from tests.pipeline.releases.candidates import golden_only
from tests.pipeline.releases.project import FUNCTION, LOCK, SERVICE, Project
from tests.tools import PATIENCE_S, is_running, wait_until, write_program
from twinserve.config.errors import UserError
from twinserve.delivery.release.builds import (
    keep_build,
    read_archive,
    read_build,
    read_build_of_commit,
)
from twinserve.delivery.release.records import read_records
from twinserve.delivery.release.transaction import release
from twinserve.targets.google.access import status_without_token

# In gcloud's place on the PATH: hangs, and ends at no one's request, where the words occur.
HANGS = """#!/bin/sh
case "$*" in *"{words}"*)
  echo $$ > {folder}/hung.new; mv {folder}/hung.new {folder}/hung
  trap '' TERM INT; while :; do sleep 1; done;;
esac
exec {gcloud} "$@"
"""


@pytest.mark.nightly
def test_build_is_released_by_a_machine_that_has_no_bundle(project: Project) -> None:
    """Of the commit, as a workflow asks for it: from the records and the archive in the bucket."""
    identity = project.bundle("v1.0")
    record = project.objects()[f"builds/{identity.name}.json"]
    project.put(f"commits/{identity.commit}.json", record)
    expected = (project.tree / "dist" / "function" / "main.py").read_bytes()
    shutil.rmtree(project.tree / "dist")
    shutil.rmtree(project.tree / "models")
    project.run("release", "--from-build", environment={"GITHUB_SHA": identity.commit})
    assert project.releases() == {SERVICE: {identity.name}, FUNCTION: {identity.name}}
    kept = read_records(project.cloud(), identity.name).of(identity.name)
    assert kept is not None
    assert kept.attested is None
    (revision,) = project.google.state.services[FUNCTION].revisions.values()
    assert revision.source is not None
    assert (revision.source.bundle / "main.py").read_bytes() == expected
    shown = project.run("status", "--json")
    assert json.loads(shown.stdout)["attested"] is None
    assert "attested: not verified" in shown.stderr


def test_archive_that_was_changed_is_not_released(project: Project) -> None:
    """Its name and its record say its hash; nothing is deployed, no lock is taken."""
    identity = project.bundle("v1.0")
    (name,) = [key for key in project.objects() if key.startswith("functions/")]
    project.put(name, project.objects()[name] + b"x")
    build = read_build(project.cloud(), identity.name)
    with pytest.raises(UserError, match="not the one of its record"):
        release(project.cloud(), identity, build=build, check=golden_only)
    with pytest.raises(UserError, match="nothing was built of commit 1234"):
        read_build_of_commit(project.cloud(), "1234")
    assert project.serving() == {}
    assert LOCK not in project.objects()


def test_what_is_pushed_comes_back(project: Project) -> None:
    """The archive and both records, through gcloud, as the bucket has them."""
    identity = project.bundle("v1.0")
    cloud = project.cloud()
    kept = keep_build(cloud, identity, f"sha256:{'0' * 64}")
    assert read_build(cloud, identity.name) == kept == read_build_of_commit(cloud, identity.commit)
    assert kept.identity == identity
    assert read_archive(cloud, kept)


def test_bundle_that_was_changed_is_not_released(project: Project) -> None:
    """A line more in the function's code: exit code 1, the file's name, and nothing deployed."""
    project.bundle("v1.0")
    with (project.tree / "dist" / "function" / "main.py").open("a") as file:
        file.write("x = 1\n")
    done = project.run("release", code=1)
    assert done.stderr.startswith("error: dist/function/main.py was changed")
    assert project.serving() == {}
    assert LOCK not in project.objects()


@pytest.mark.nightly
def test_both_candidates_are_deployed_at_once(project: Project) -> None:
    """Each waits until the other has begun; each line says whose it is."""
    project.release("v1.0")
    identity = project.bundle("v1.1")
    together = threading.Barrier(2)
    # The first change of each is its deployment.
    faults = [
        Fault(
            rf"PUT run.googleapis.com/apis/.*/services/{name}(\?|$)",
            action=lambda _: together.wait(PATIENCE_S),  # type: ignore[arg-type]
        )
        for name in (SERVICE, FUNCTION)
    ]
    project.google.faults.extend(faults)
    release(project.cloud(), identity, check=golden_only)
    assert [fault.struck for fault in faults] == [1, 1]
    assert project.releases() == {SERVICE: {identity.name}, FUNCTION: {identity.name}}


@pytest.mark.nightly
def test_release_that_may_not_be_public_is_kept(project: Project) -> None:
    """Refused for both new services: they serve whoever has a token, and a line says so of each."""
    identity = project.bundle("v1.0")
    refused = Fault(r"POST run.googleapis.com/.*:setIamPolicy", permission_denied(), times=0)
    with project.google.fault(refused):
        done = project.run("release")
    assert done.stdout.count(" stays private: ") == 2
    assert project.releases() == {SERVICE: {identity.name}, FUNCTION: {identity.name}}
    for service in project.google.state.services.values():
        assert status_without_token(service.url) == 403


def hanging(project: Project, words: str) -> dict[str, str]:
    """An environment whose gcloud hangs at these words."""
    folder = project.tree.parent / "hanging"
    environment = project.google.environment
    gcloud = shutil.which("gcloud", path=environment["PATH"])
    write_program(folder / "gcloud", HANGS.format(words=words, folder=folder, gcloud=gcloud))
    return {**environment, "PATH": f"{folder}:{environment['PATH']}"}


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("words", "code"),
    [(f"run deploy {SERVICE}", 130), (f"update-traffic {FUNCTION}", 130)],
)
def test_interrupt_ends_a_release_whose_call_hangs(project: Project, words: str, code: int) -> None:
    """Both are put back, the lock is given back, and nothing of the call is left."""
    project.release("v1.0")
    before = project.serving()
    project.bundle("v1.1")
    environment = hanging(project, words)
    process = subprocess.Popen(
        [sys.executable, "-m", "twinserve", "release"],
        cwd=project.tree,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    hung = project.tree.parent / "hanging" / "hung"
    wait_until(lambda: hung.exists() or process.poll() is not None)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == code, errors
    assert project.serving() == before
    assert LOCK not in project.objects()
    assert not is_running(int(hung.read_text()))


@pytest.mark.nightly
def test_bad_lock_and_bad_record_hide_nothing_that_serves(project: Project) -> None:
    """`status` shows what serves whatever the two hold; a rollback takes over and goes back."""
    names = [project.release(version).name for version in ("v1.0", "v1.1")]
    project.put(LOCK, '{"owner": "[/red]", "purpose": "[x", "expires": null')
    project.put("releases/v0-bad.json", "{")
    project.put(f"releases/{names[1]}.json", "{}")
    done = project.run("status", "--json")
    said = json.loads(done.stdout)
    assert said["release"] == names[1]
    assert said["lock"]["fault"]
    assert "what stands in it is no lock" in done.stderr
    assert "attested: cannot be read" in done.stderr
    project.run("rollback", "--", "--take-over", code=3)
    done = project.run("rollback", "--take-over", "--", "--take-over", code=1)
    assert "no release or version --take-over is recorded" in done.stderr
    done = project.run("rollback", "--take-over", "--", names[0])
    assert project.releases() == {SERVICE: {names[0]}, FUNCTION: {names[0]}}
