"""A bucket's objects, scored by a Cloud Run job against the fake of Google."""

import gzip
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.google import PROJECT, REGISTRY, FakeGoogle, Fault
from tests.google.resources.jobs import Execution
from tests.google.state import Bucket, StoredObject
from tests.scoring.bundles import Endpoint
from tests.scoring.conftest import HEADER
from tests.tree import ROOT
from twinserve.config.card import load_card
from twinserve.delivery.bundle.archive import lay_out
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.image.score import with_scoring
from twinserve.delivery.names import release_name

Objects = Callable[[], dict[str, bytes]]
IN, OUT = "gs://rows/2026/", "gs://rows/scored/"


@pytest.fixture
def bucket(google: FakeGoogle, dist: Path, tmp_path: Path, rows: list[list[float]]) -> Bucket:
    """A bucket with objects to score, and the image of the bundle in the registry."""
    service = dist / "service"
    context = tmp_path / "context"
    lay_out(with_scoring(read_verified(service)), context)
    release = release_name(load_card(service / "model.json"), read_bundle_hash(service))
    google.push_image(
        f"{REGISTRY}/{PROJECT}/ml-models/fastapi-ml-service-score:{release}", context, "score"
    )
    bucket = Bucket("rows", {})
    google.state.buckets["rows"] = bucket
    lines = [",".join(map(repr, row)) for row in rows]
    for number in range(5):
        part = "\n".join([HEADER, *lines[number::5], ""]).encode()
        bucket.objects[f"2026/{number}.csv"] = StoredObject(part, google.state.next())
    compressed = gzip.compress(bucket.objects.pop("2026/4.csv").content)
    bucket.objects["2026/deep/4.csv.gz"] = StoredObject(compressed, google.state.next())
    bucket.objects["secret/plan.csv"] = StoredObject(b"a\n", google.state.next())
    return bucket


def score(google: FakeGoogle, *words: str) -> subprocess.CompletedProcess[str]:
    """The command, as a user gives it."""
    return subprocess.run(
        [sys.executable, "-m", "twinserve", "score", *words],
        env=google.environment | {"PYTHONPATH": str(Path.cwd())},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def results(bucket: Bucket) -> dict[str, list[str]]:
    """Predictions, by result."""
    return {
        name.removeprefix("scored/"): [line.rpartition(",")[2] for line in found[1:]]
        for name, stored in bucket.objects.items()
        if name.startswith("scored/")
        for found in [stored.content.decode().splitlines()]
    }


def expected(service: Path, rows: list[list[float]]) -> dict[str, list[str]]:
    predictions = [str(number) for number in Endpoint(service).predictions(rows)]
    names = ["0.csv", "1.csv", "2.csv", "3.csv", "deep/4.csv"]
    return {name: predictions[number::5] for number, name in enumerate(names)}


def gone(google: FakeGoogle) -> bool:
    """Whether nothing is left of what a run makes for itself."""
    state = google.state
    left = [name for name in state.buckets["rows"].objects if "/.score-" in name]
    bound = [one for one in state.policy("buckets/rows").bindings if one["members"]]
    return not (state.jobs or state.accounts or bound or left)


@pytest.mark.nightly
def test_objects_are_shared_and_results_stand_under_the_same_names(
    google: FakeGoogle, bucket: Bucket, dist: Path, rows: list[list[float]]
) -> None:
    """Each is the endpoint's answers; the account saw one prefix, and nothing is left of the run."""
    done = score(google, IN, OUT, "--tasks", "3")
    assert done.returncode == 0, done.stdout + done.stderr
    assert results(bucket) == expected(dist / "service", rows)
    assert f"{OUT}  300 rows of 5 objects" in done.stdout
    assert gone(google)
    (execution,) = google.state.executions.values()
    assert (execution.tasks, execution.succeeded, execution.retried) == (3, 3, 0)
    again = score(google, IN, OUT)
    assert "5 of them scored before" in again.stdout
    assert os.environ.get("TWINSERVE_SCORE_PLAN") is None
    assert ROOT.is_dir()


@pytest.mark.nightly
def test_task_that_is_killed_repeats_its_own_shard_only(
    google: FakeGoogle, bucket: Bucket, dist: Path, rows: list[list[float]]
) -> None:
    """Of two tasks one is killed at its second object: the other's results are written once."""
    killed: list[str] = []

    def kill(_request: object) -> None:
        (execution,) = google.state.executions.values()
        assert isinstance(execution, Execution)
        killed.append("2026/2.csv")
        index = next(n for n in execution.running)
        execution.kill(index)
        time.sleep(0.5)

    with google.fault(Fault(r"GET .*/o/2026%2F2\.csv\?.*alt=media", action=kill)):
        done = score(google, IN, OUT, "--tasks", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert killed
    assert results(bucket) == expected(dist / "service", rows)
