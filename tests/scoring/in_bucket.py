"""Objects in a bucket of the fake, the plan of a task, and what has become of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.google import PROJECT, FakeGoogle
from tests.google.buckets import Bucket, StoredObject
from tests.google.resources.jobs import metadata_server
from tests.scoring.bundles import Endpoint
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.scoring.job.plan import VARIABLE, Item, Plan
from twinserve.scoring.options import Options

WRITES = "roles/storage.objectUser"
OBJECTS = "projects/_/buckets/rows/objects/"
IN, OUT = "gs://rows/2026/", "gs://rows/scored/"


def results(bucket: Bucket) -> dict[str, list[str]]:
    """Predictions, by result."""
    return {
        name.removeprefix("scored/"): [line.rpartition(",")[2] for line in lines[1:]]
        for name, stored in bucket.objects.items()
        if name.startswith("scored/") and "/.score-" not in name
        for lines in [stored.content.decode().splitlines()]
    }


def expected(service: Path, rows: list[list[float]]) -> dict[str, list[str]]:
    predictions = [str(number) for number in Endpoint(service).predictions(rows)]
    names = ["0.csv", "1.csv", "2.csv", "3.csv", "deep/4.csv"]
    return {name: predictions[number::5] for number, name in enumerate(names)}


@contextmanager
def environment_of_task(google: FakeGoogle, plan: Plan) -> Iterator[dict[str, str]]:
    """Of a task of one, with the rights of a run's account; its plan stands in the bucket."""
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
    yield variables | network
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
