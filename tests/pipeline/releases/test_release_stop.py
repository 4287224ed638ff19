"""A rollback never queues: a release that is under way gives way, wherever it is, or is dead."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.pipeline.releases.project import BUCKET, FUNCTION, LOCK, SERVICE, Project
from tests.tools import PATIENCE_S, wait_until
from tests.tree import ROOT

MOST_CALLS = 40
# Of a rollback that finds a release under way: it tries the lock, reads it in two calls, asks, and
# waits with the same three calls again and again.
ASKING_CALLS = 8
STOPPED, LOCKED, KILLED = 6, 3, -signal.SIGKILL
HEAD = ("| call | then | release | rollback | serves then |", "|---|---|---|---|---|")


@contextmanager
def begun(project: Project, *command: str, log: Path) -> Iterator[subprocess.Popen[str]]:
    """A command under way, whose output goes to a file; it ends with the context."""
    environment = {
        **project.google.environment,
        "PYTHONPATH": f"{project.tree}:{ROOT}",
    }
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=project.tree,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def stop(project: Project, at: str, to: str, *, dies: bool) -> list[str] | None:
    """A release that is asked for its stop at one of its calls; what happened, or None at its end.

    It goes on from there, or dies there, and its lease passes. What happened: the call, both exit
    codes, and whether the release had the lock by then.
    """
    folder = project.tree.parent / "paused"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    with begun(
        project, "tests.pipeline.releases.paused", at, str(folder), log=folder / "release.log"
    ) as releasing:
        reached = folder / "reached"
        wait_until(lambda: reached.exists() or releasing.poll() is not None)
        if not reached.exists():
            assert releasing.returncode == 0, (folder / "release.log").read_text()
            return None
        had_the_lock = str(LOCK in project.objects())
        with begun(project, "twinserve", "rollback", "--", to, log=folder / "back.log") as back:
            wait_until(lambda: back.poll() is not None or b'"stop"' in held(project))
            if dies:
                releasing.send_signal(signal.SIGKILL)
                releasing.wait()
                assert project.google.wait_until_idle(PATIENCE_S)
                expire(project)
            else:
                (folder / "go").touch()
            codes = [process.wait(PATIENCE_S) for process in (releasing, back)]
        said = (folder / "back.log").read_text()
        assert codes[1] == 0, said
        assert dies or codes[0] in {0, STOPPED, LOCKED}, (folder / "release.log").read_text()
        if codes[0] == STOPPED:
            assert forward(folder, project) == []
        return [reached.read_text(), *map(str, codes), had_the_lock]


def held(project: Project) -> bytes:
    return project.objects().get(LOCK, b"")


def expire(project: Project) -> None:
    """Let the lock's lease pass, by the bucket's clock; a lock that a rollback has stays."""
    objects = project.google.state.buckets[BUCKET].objects
    if LOCK in objects and b'"yields": true' in objects[LOCK].content:
        past = datetime.now(UTC) - timedelta(hours=2)
        objects[LOCK].created = past.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def forward(folder: Path, project: Project) -> list[str]:
    """The calls after the one at which it was asked that go on with the release."""
    calls = folder / "calls"
    lines = calls.read_text().splitlines() if calls.exists() else []
    series = json.loads((project.tree / "dist/service/manifest.json").read_text())["bundle"][:12]
    moves = [line for line in lines if f"{series}" in line and "--to-revisions" in line]
    # Both targets are deployed at once, so that the other's may begin beside the one that waits.
    deployments = [line for line in lines if line.startswith("run deploy")]
    return moves + deployments[1:]


def in_step(project: Project) -> str:
    """The one release that both serve, with nothing left of the other."""
    truth = project.releases()
    assert truth[SERVICE] == truth[FUNCTION]
    assert project.leftovers() == set()
    (name,) = truth[SERVICE]
    return name


@pytest.fixture
def served(project: Project) -> tuple[Project, list[str]]:
    """Two releases, the second of which serves."""
    return project, [project.release(version).name for version in ("v1.0", "v1.1")]


@pytest.mark.parametrize(
    ("at", "code"),
    [
        pytest.param(f"run deploy {FUNCTION}", STOPPED, marks=pytest.mark.nightly),
        (f"run services update-traffic {SERVICE}", STOPPED),
        pytest.param(f"run services update-traffic {SERVICE}", KILLED, marks=pytest.mark.nightly),
    ],
)
def test_release_gives_way_to_a_rollback(
    served: tuple[Project, list[str]], at: str, code: int
) -> None:
    """Asked while it deploys or moves traffic, it goes no further, and both are rolled back.

    Of a release that was asked, and is dead, that is so when its lease is over.
    """
    project, (old, _) = served
    project.bundle("v1.2")
    assert stop(project, at, old, dies=code == KILLED) == [at, str(code), "0", "True"]
    assert in_step(project) == old


@pytest.mark.nightly
def test_rollback_without_a_name_undoes_the_release(served: tuple[Project, list[str]]) -> None:
    """Both serve what served before the release that was stopped, and the line says so."""
    project, (_, new) = served
    project.bundle("v1.2")
    at = f"run services update-traffic {FUNCTION}"
    assert stop(project, at, "", dies=False) == [at, str(STOPPED), "0", "True"]
    assert in_step(project) == new
    said = (project.tree.parent / "paused" / "back.log").read_text()
    assert "asked for its stop" in said
    assert f"{new} serves on both" in said
    told = (project.tree.parent / "paused" / "release.log").read_text()
    assert "stopped: both go back to where they were" in told
    assert "asked for it, and has the lock next" in told.splitlines()[-1]


@pytest.mark.nightly
@pytest.mark.parametrize("dies", [False, True], ids=["goes on", "dies"])
def test_release_is_stopped_at_any_call(
    served: tuple[Project, list[str]],
    dies: bool,  # noqa: FBT001 - a column
    sweep: Callable[[int], range],
    show: Callable[[str, str], None],
) -> None:
    """Wherever it is asked, alive or dead: the rollback ends with both where it was told to go."""
    project, (old, new) = served
    rows = []
    calls = sweep(MOST_CALLS)
    for number in calls:
        release_again(project, new)
        version = project.bundle(f"v2.{number}").name
        events = stop(project, str(number), old, dies=dies)
        if events is None:
            break
        call, *codes, had_the_lock = events
        rows.append(f"| {number}: {call} | {'dies' if dies else 'goes on'} | {' | '.join(codes)} |")
        # One that has no lock yet is not asked: it begins when the rollback is over.
        begins_after = codes[0] == "0" and had_the_lock == "False"
        assert in_step(project) == (version if begins_after else old), rows[-1]
    assert len(rows) >= 10 // calls.step
    show(f"stop-sweep-{'dies' if dies else 'goes-on'}", "\n".join([*HEAD, *rows]))


def release_again(project: Project, name: str) -> None:
    """Have the second release serve, from where the last round has left both."""
    project.run("rollback", name)
    assert in_step(project) == name


@pytest.mark.nightly
def test_rollback_killed_while_it_asks_is_mended(
    served: tuple[Project, list[str]],
    sweep: Callable[[int], range],
    show: Callable[[str, str], None],
) -> None:
    """Dead at any call of asking and waiting: the release ends well, and the next goes through."""
    project, (old, new) = served
    rows = []
    calls = sweep(ASKING_CALLS + 1)
    for number in calls:
        release_again(project, new)
        third = project.bundle(f"v3.{number}").name
        folder = project.tree.parent / "paused"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        at = f"run services update-traffic {SERVICE}"
        paused = ("tests.pipeline.releases.paused", at, str(folder))
        dying = ("tests.pipeline.releases.killed", str(number), "after", old)
        with ExitStack() as both:
            releasing = both.enter_context(begun(project, *paused, log=folder / "release.log"))
            # It has the lock by then, and a rollback has somebody to ask.
            wait_until((folder / "reached").exists)
            back = both.enter_context(begun(project, *dying, log=folder / "back.log"))
            assert back.wait(PATIENCE_S) == -signal.SIGKILL
            asked = b'"stop"' in held(project)
            (folder / "go").touch()
            assert releasing.wait(PATIENCE_S) == (STOPPED if asked else 0)
        assert in_step(project) == (new if asked else third)
        project.run("rollback", "--", old)
        assert in_step(project) == old
        rows.append(f"| {number} | asked: {asked} | {releasing.returncode} | 0 | {old} |")
    # Whole, it dies before it has asked and after.
    assert len({row.split("|")[2] for row in rows}) == 2 or calls.step > 1
    show("rollback-sweep", "\n".join([*HEAD, *rows]))
