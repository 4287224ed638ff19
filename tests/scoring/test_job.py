"""A bucket's objects, scored by a Cloud Run job against the fake of Google."""

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.google import PROJECT, REGISTRY, FakeGoogle, Fault
from tests.google.resources.jobs import metadata_server
from tests.google.resources.permissions import may
from tests.google.state import Bucket, StoredObject
from tests.scoring.bundles import Endpoint
from tests.scoring.conftest import HEADER
from twinserve.__main__ import main
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.archive import lay_out
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.image.score import COMMAND, with_scoring
from twinserve.delivery.names import release_name
from twinserve.scoring.job.plan import VARIABLE, Item, Plan, parse_plan
from twinserve.scoring.options import Options

WRITES = "roles/storage.objectUser"
OBJECTS = "projects/_/buckets/rows/objects/"
IN, OUT = "gs://rows/2026/", "gs://rows/scored/"


@pytest.fixture
def bucket(google: FakeGoogle, dist: Path, context: Path, rows: list[list[float]]) -> Bucket:
    """A bucket with objects to score, and the image of the bundle in the registry."""
    service = dist / "service"
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


@pytest.fixture
def context(dist: Path, tmp_path: Path) -> Path:
    """What the image holds in its folder."""
    folder = tmp_path / "context"
    lay_out(with_scoring(read_verified(dist / "service")), folder)
    return folder


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


def results(bucket: Bucket) -> dict[str, list[str]]:
    """Predictions, by result."""
    return {
        name.removeprefix("scored/"): [line.rpartition(",")[2] for line in found[1:]]
        for name, stored in bucket.objects.items()
        if name.startswith("scored/") and "/.score-" not in name
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
            thing = f"{OBJECTS}{name}" if name else ""
            asked = (f"serviceAccount:{email}", f"storage.{permission}", "buckets/rows", thing)
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
    """No library beside the standard one; the bundle's own files are as they are."""
    code = "import twinserve.scoring.job.task"
    subprocess.run([sys.executable, "-S", "-c", code], cwd=context, check=True)
    for name, content in read_verified(dist / "service").items():
        assert (context / name).read_bytes() == content


@contextmanager
def task(google: FakeGoogle, context: Path, plan: Plan) -> Iterator[subprocess.Popen[str]]:
    """A task of one, with the rights of a run's account; its plan stands in the bucket."""
    email = f"score-1@{PROJECT}.iam.gserviceaccount.com"
    google.state.accounts[email] = {}
    google.state.policy("buckets/rows").bindings = [
        {
            "role": role,
            "members": [f"serviceAccount:{email}"],
            "condition": {"expression": f'resource.name.startsWith("{OBJECTS}{prefix}")'},
        }
        for role, prefix in (("roles/storage.objectViewer", "2026/"), (WRITES, "scored/"))
    ]
    stored = StoredObject(plan.to_json().encode(), google.state.next())
    google.state.buckets["rows"].objects["scored/.score-1/plan.json"] = stored
    server = metadata_server(google._cloud.token_of(email))  # noqa: SLF001 - what the fake does
    variables = {
        "GCE_METADATA_HOST": f"127.0.0.1:{server.server_address[1]}",
        "CLOUD_RUN_TASK_INDEX": "0",
        "CLOUD_RUN_TASK_COUNT": "1",
        VARIABLE: f"{OUT}.score-1/plan.json",
    }
    network = {name: google.environment[name] for name in ("HTTPS_PROXY", "SSL_CERT_FILE")}
    with subprocess.Popen(
        [sys.executable, *COMMAND[1:]],
        cwd=context,
        env=variables | network,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
    server.shutdown()
    server.server_close()


def plan_of(google: FakeGoogle, service: Path, *names: str, on_error: str = "stop") -> Plan:
    """Of these objects."""
    stored = google.state.buckets["rows"].objects
    items = [
        Item(name, str(stored[f"2026/{name}"].generation), len(stored[f"2026/{name}"].content))
        for name in names
    ]
    options = Options((), on_error)
    return Plan(IN, OUT, read_bundle_hash(service), options, tuple(items))


def told_of(google: FakeGoogle) -> dict[str, object]:
    """What the task has put beside the plan."""
    stored = google.state.buckets["rows"].objects["scored/.score-1/tasks/0.json"]
    told: dict[str, object] = json.loads(stored.content)
    return told


def test_task_scores_its_objects_once(
    google: FakeGoogle, bucket: Bucket, dist: Path, context: Path, rows: list[list[float]]
) -> None:
    """In chunks, under the names below the prefix; a second run passes over what stands."""
    long = bucket.objects["2026/0.csv"]
    long.content = long.content.replace(b"\n", b"," + b"n" * 50_000 + b"\n")
    plan = plan_of(google, dist / "service", "0.csv", "deep/4.csv.gz")
    for before in (0, 2):
        with task(google, context, plan) as process:
            printed = process.communicate(timeout=60)[0]
        assert process.returncode == 0, printed
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
    with task(google, context, plan) as process:
        printed = process.communicate(timeout=60)[0]
    assert process.returncode == 1
    assert "HTTP Error 403" in printed
    assert results(bucket) == {}


def test_task_tells_of_a_wrong_row_and_ends_well(
    google: FakeGoogle, bucket: Bucket, dist: Path, context: Path
) -> None:
    """No repetition would right it."""
    bucket.objects["2026/0.csv"].content += b"1,2,3,x\n"
    with task(google, context, plan_of(google, dist / "service", "0.csv")) as process:
        printed = process.communicate(timeout=60)[0]
    assert process.returncode == 0, printed
    assert str(told_of(google)["error"]).startswith("gs://rows/2026/0.csv: row 62: petal_width: ")
    assert "scored/0.csv" not in bucket.objects
