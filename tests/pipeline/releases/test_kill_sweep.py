"""Killed at every single gcloud call in turn, a release leaves nothing that cannot be mended.

Every call is for the night; on each change a release dies where both targets are being moved.
"""

import json
import signal
import sys
from collections.abc import Callable

import pytest

from tests.pipeline.releases.project import FUNCTION, LOCK, SERVICE, Project
from tests.tools import run
from tests.tree import ROOT

# A release has fewer; the sweep ends where one lives to the end.
MOST_CALLS = 40
HEAD = ("| call | killed | in step then | mended by | serves then |", "|---|---|---|---|---|")
KILLED = -signal.SIGKILL
PATIENCE_S = 600.0


def kill(project: Project, at: str, when: str) -> str | None:
    """Run a release that dies; the call that it died at, or None if it lived."""
    done = run(
        [sys.executable, "-m", "tests.pipeline.releases.killed", at, when],
        cwd=project.tree,
        env={**project.google.environment, "PYTHONPATH": f"{project.tree}:{ROOT}"},
    )
    assert done.returncode in {0, KILLED}, done.stderr
    # Both targets are deployed at once: the other's call outlives who made it.
    assert project.google.wait_until_idle(PATIENCE_S)
    return done.stderr.rpartition("killed at: ")[2].strip() if done.returncode else None


def status(project: Project) -> bool:
    """Hold what `status` says against what is; whether both are in step."""
    done = project.run("status", "--json", code=None)
    said = json.loads(done.stdout)
    truth = project.releases()
    for target, name in (("service", SERVICE), ("function", FUNCTION)):
        if name in truth:
            assert {line["release"] for line in said["targets"][target]["traffic"]} == truth[name]
            assert said["targets"][target]["tags"].keys() == (
                project.google.state.services[name].tags().keys()
            )
        else:
            assert said["targets"][target] is None
    in_step: bool = len(truth) == 2 and truth[SERVICE] == truth[FUNCTION]
    assert said["in_step"] == in_step
    assert done.returncode == (0 if in_step else 1)
    assert (said["lock"] is not None) is (LOCK in project.objects())
    return in_step


def mended(project: Project) -> set[str]:
    """The release that both serve, with nothing of the dead one left."""
    truth = project.releases()
    assert truth[SERVICE] == truth[FUNCTION]
    assert project.leftovers() == set()
    return truth[SERVICE]


@pytest.mark.nightly
@pytest.mark.parametrize(("when", "mend"), [("before", "release"), ("after", "rollback")])
def test_release_killed_at_any_call_is_mended(
    project: Project,
    when: str,
    mend: str,
    sweep: Callable[[int], range],
    show: Callable[[str, str], None],
) -> None:
    """`status` tells the truth, and the next `release` or `rollback` ends with both in step."""
    for version in ("v1.0", "v1.1"):
        project.release(version)
    rows = []
    calls = sweep(MOST_CALLS)
    for number in calls:
        before = mended(project)
        new = project.bundle(f"v2.{number}").name
        call = kill(project, str(number), when)
        in_step = status(project)
        if call is None:
            break
        # Without a lock there is nothing to undo: it had none yet, or had come to its end.
        where = before if mend == "rollback" and LOCK not in project.objects() else ()
        project.run(mend, "--take-over", *where)
        after = mended(project)
        assert after == ({new} if mend == "release" else before)
        rows.append(f"| {number}: {call} | {when} | {in_step} | {mend} | {', '.join(after)} |")
    assert len(rows) >= 10 // calls.step
    show(f"kill-sweep-{when}", "\n".join([*HEAD, *rows]))


@pytest.mark.parametrize("mend", [pytest.param("release", marks=pytest.mark.nightly), "rollback"])
def test_release_killed_between_the_targets_is_mended(project: Project, mend: str) -> None:
    """After the service is moved and before the function is, the same holds."""
    before = project.release("v1.0")
    new = project.bundle("v1.1")
    assert kill(project, f"run services update-traffic {SERVICE}", "after") is not None
    assert not status(project)
    project.run(mend, "--take-over")
    assert mended(project) == {new.name if mend == "release" else before.name}


@pytest.mark.nightly
@pytest.mark.parametrize("mend", ["release", "rollback"])
@pytest.mark.parametrize(
    "at",
    [f"run deploy {SERVICE}", f"run deploy {FUNCTION}", "run services update-traffic"],
)
def test_first_release_killed_is_mended(project: Project, at: str, mend: str) -> None:
    """Before it deploys or promotes: a release completes it, a rollback removes it."""
    new = project.bundle("v1.0").name
    assert kill(project, at, "before") is not None
    status(project)
    project.run(mend, "--take-over")
    assert LOCK not in project.objects()
    if mend == "release":
        assert mended(project) == {new}
    else:
        assert project.serving() == {}
