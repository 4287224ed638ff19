"""A task of the job: its shard, its rights, and what it tells."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.google import FakeGoogle
from tests.google.buckets import Bucket
from tests.scoring.in_bucket import (
    IN,
    OUT,
    environment_of_task,
    expected,
    plan_of,
    results,
    told_of,
)
from tests.tools import run
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.image.score import COMMAND
from twinserve.scoring.job.plan import Item, Plan, parse_plan
from twinserve.scoring.options import Options


@pytest.mark.parametrize("count", [1, 2, 3, 7])
def test_each_object_falls_to_one_task(count: int) -> None:
    """Whatever their number; the largest first, so that tasks end alike."""
    items = tuple(Item(f"{number}.csv", "1", number % 4) for number in range(10))
    plan = parse_plan(Plan(IN, OUT, "b", Options(("label",)), items).to_json())
    assert plan == Plan(IN, OUT, "b", Options(("label",)), items)
    shards = [plan.shard(index, count) for index in range(count)]
    assert sorted(item for shard in shards for item in shard) == sorted(items)
    assert max(map(len, shards)) - min(map(len, shards)) <= 1
    assert shards[0][0].size == 3


def test_image_holds_all_that_a_task_imports(context: Path, dist: Path) -> None:
    """No library beside the standard one; the bundle's own files are as they are, without it."""
    code = "import twinserve.scoring.job.task"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=context, check=True)
    for name, content in read_verified(dist / "service").items():
        assert (context / name).read_bytes() == content
        assert not name.startswith("twinserve/scoring/")


def run_task(google: FakeGoogle, context: Path, plan: Plan) -> tuple[int, str]:
    """Exit code, and what it prints, of a task of one."""
    with environment_of_task(google, plan) as variables:
        done = run([sys.executable, *COMMAND[1:]], cwd=context, env=variables, timeout=60)
    return done.returncode, done.stdout + done.stderr


def test_task_scores_its_objects_once(
    google: FakeGoogle, bucket: Bucket, dist: Path, context: Path, rows: list[list[float]]
) -> None:
    """In chunks, under the names below the prefix; a second run passes over what stands."""
    long = bucket.objects["2026/0.csv"]
    long.content = long.content.replace(b"\n", b"," + b"n" * 50_000 + b"\n")
    plan = plan_of(google, dist / "service", "0.csv", "deep/4.csv.gz")
    for before in (0, 2):
        code, printed = run_task(google, context, plan)
        assert code == 0, printed
        told = {"objects": 2, "rows": 120, "wrong": 0, "before": before, "error": ""}
        assert told_of(google) == told
    every = expected(dist / "service", rows)
    assert results(bucket) == {name: every[name] for name in ("0.csv", "deep/4.csv")}


def test_task_may_read_and_write_no_other_prefix(
    google: FakeGoogle, bucket: Bucket, dist: Path, context: Path
) -> None:
    """Storage refuses it, and the task fails, to be started again."""
    assert bucket.name == "rows"
    plan = plan_of(google, dist / "service", "0.csv")._replace(source="gs://rows/secret/")
    plan = plan._replace(items=(Item("plan.csv", "1", 2),))
    code, printed = run_task(google, context, plan)
    assert code == 1
    assert "HTTP Error 403" in printed
    assert results(bucket) == {}


def test_task_tells_of_a_wrong_row_and_ends_well(
    google: FakeGoogle, bucket: Bucket, dist: Path, context: Path
) -> None:
    """No repetition would right it."""
    bucket.objects["2026/0.csv"].content += b"1,2,3,x\n"
    code, printed = run_task(google, context, plan_of(google, dist / "service", "0.csv"))
    assert code == 0, printed
    assert str(told_of(google)["error"]).startswith("gs://rows/2026/0.csv: row 62: petal_width: ")
    assert "scored/0.csv" not in bucket.objects
