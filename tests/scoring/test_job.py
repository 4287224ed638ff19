"""A bucket's objects, scored by a Cloud Run job against the fake of Google."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.google import FakeGoogle, Fault
from tests.google.buckets import Bucket, StoredObject
from tests.google.resources.permissions import may
from tests.scoring.conftest import HEADER
from tests.scoring.in_bucket import IN, OBJECTS, OUT, expected, results
from twinserve.__main__ import main
from twinserve.config.errors import UserError


def command(google: FakeGoogle, *words: str) -> subprocess.Popen[str]:
    """The command, as a user gives it."""
    return subprocess.Popen(
        [sys.executable, "-m", "twinserve", "score", *words],
        env=google.environment | {"PYTHONPATH": str(Path.cwd())},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def score(google: FakeGoogle, *words: str) -> subprocess.CompletedProcess[str]:
    """What it has done."""
    with command(google, *words) as process:
        out, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess(words, process.returncode, out, errors)


def gone(google: FakeGoogle) -> bool:
    """Whether nothing is left of what a run makes for itself."""
    state = google.state
    left = [name for name in state.buckets["rows"].objects if "/.score-" in name]
    bound = [binding for binding in state.policy("buckets/rows").bindings if binding["members"]]
    return not (state.jobs or state.accounts or bound or left)


@pytest.mark.nightly
def test_objects_are_shared_and_results_stand_under_the_same_names(
    google: FakeGoogle, bucket: Bucket, dist: Path, rows: list[list[float]]
) -> None:
    """Each row has the endpoint's answer, and nothing is left of the run."""
    done = score(google, IN, OUT, "--tasks", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(bucket) == expected(dist / "service", rows)
    assert f"{OUT}  300 rows of 5 objects" in done.stdout
    assert gone(google)
    (execution,) = google.state.executions.values()
    assert (execution.tasks, execution.succeeded, execution.retried) == (3, 3, 0)
    again = score(google, IN, OUT)
    assert "5 of them scored before" in again.stdout


@pytest.mark.nightly
def test_task_that_is_killed_repeats_its_own_shard_only(
    google: FakeGoogle, bucket: Bucket, dist: Path, rows: list[list[float]]
) -> None:
    """What it had done before is passed over; the account had the rights of two prefixes, only."""
    held: list[bool] = []
    seen: list[object] = []

    def kill(request: object) -> None:
        seen.append(request)
        if len(seen) != 3:
            return
        (execution,) = google.state.executions.values()
        (email,) = google.state.accounts
        for permission, name in (
            ("objects.get", "2026/0.csv"),
            ("objects.create", "scored/0.csv"),
            ("objects.get", "secret/plan.csv"),
            ("objects.create", "2026/0.csv"),
            ("objects.list", ""),
        ):
            resource = f"{OBJECTS}{name}" if name else ""
            asked = (f"serviceAccount:{email}", f"storage.{permission}", "buckets/rows", resource)
            held.append(may(google._cloud, *asked))  # noqa: SLF001 - what the fake itself asks
        execution.kill(0)

    with google.fault(Fault(r"GET .*/o/2026%2F.*alt=media", action=kill, times=0)):
        done = score(google, IN, OUT, "--tasks", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert held == [True, True, False, False, False]
    assert results(bucket) == expected(dist / "service", rows)
    (execution,) = google.state.executions.values()
    first, second = execution.output[0]
    assert execution.retried == 1
    assert "scored before" not in first
    assert second.count("scored before") == first.count(" rows, ") == 2
    assert "300 rows of 5 objects, 2 of them scored before" in done.stdout
    assert gone(google)


@pytest.mark.nightly
def test_wrong_row_ends_the_run_and_leaves_whole_results(
    google: FakeGoogle, bucket: Bucket
) -> None:
    """One line with object and row, no repetition, nothing of the run left."""
    spoilt = StoredObject(f"{HEADER}\n1,2,3,x\n".encode(), google.state.next())
    bucket.objects["2026/1.csv"] = spoilt
    done = score(google, IN, OUT, "--tasks", "2")
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: gs://rows/2026/1.csv: row 2: petal_width: expected a finite num")
    assert "1.csv" not in results(bucket)
    (execution,) = google.state.executions.values()
    assert execution.retried == 0
    assert gone(google)


@pytest.mark.nightly
def test_interrupt_ends_the_tasks_and_leaves_nothing_of_the_run(
    google: FakeGoogle, bucket: Bucket
) -> None:
    """Exit code 130; no result that is not whole."""
    # A task that hangs, and the command that waits for it.
    hang = Fault(r"GET .*/o/2026%2F0\.csv\?.*alt=media", delay_s=20, times=0)
    with google.fault(hang), command(google, IN, OUT, "--tasks", "1") as process:
        while not any("executions/" in str(call) for call in list(google.calls)):
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=120)
    assert process.returncode == 130
    assert gone(google)
    assert "0.csv" not in results(bucket)


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        ((IN, "scored.csv"), "scored.csv: expected gs://BUCKET/PREFIX"),
        ((IN, f"{IN}out/"), f"{IN}out/: expected a prefix apart from {IN}"),
        (('gs://rows/"', OUT), 'gs://rows/": expected letters, digits, and'),
        ((IN, OUT, "--bundle", "dist"), "--bundle: a job runs the image of dist/service"),
        (("a.csv", "b.csv", "--dry-run"), "--dry-run, --project: only with gs://"),
    ],
)
def test_words_that_do_not_fit_are_refused(words: tuple[str, ...], refusal: str) -> None:
    """Before gcloud is asked for anything but the project."""
    with pytest.raises(UserError) as refused:
        main(["score", *words, *(["--project=p"] if "b.csv" not in words else [])])
    assert str(refused.value).startswith(refusal)
