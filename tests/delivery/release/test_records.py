"""Records are read singly: one that is damaged is said and passed over, until it is needed."""

import io
import json
from typing import Any

import pytest
from rich.console import Console

from tests.delivery.release.fake_bucket import FakeBucket
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.cleanup import _kept
from twinserve.delivery.release.records import Record, read_records, write_record
from twinserve.delivery.release.rollback import _chosen
from twinserve.delivery.release.status import _attested
from twinserve.targets.google.cloud_run import Revision, Service
from twinserve.targets.google.gcloud import Gcloud

FOLDER = "gs://p-twinserve-releases/releases"
TARGETS = {"service": "fastapi-ml-service", "function": "predict-ml"}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> FakeBucket:
    """Two good records around a bad one."""
    made = FakeBucket()
    monkeypatch.setattr("twinserve.targets.google.gcloud.run_gcloud", made)
    for number in (1, 3):
        made.put(f"{FOLDER}/v{number}-a.json", json.dumps(members(number)))
    return made


@pytest.fixture
def cloud() -> Cloud:
    console = Console(file=io.StringIO(), width=400)
    return Cloud(Gcloud("p"), load_params(), console, as_json=False)


def members(number: int) -> dict[str, Any]:
    """A record as JSON has it."""
    return {
        "release": f"v{number}-a",
        "version": f"v{number}",
        "commit": "c",
        "dvc_lock": "d",
        "model_sha256": "e",
        "bundle": "f",
        "revisions": {target: f"{name}-{number}" for target, name in TARGETS.items()},
        "digests": dict.fromkeys(TARGETS, f"sha256:{number}"),
        "example": [1.0, 2.0],
        "expected": 0,
        "promoted_at": f"2026-01-0{number}T00:00:00+00:00",
        "promoted_by": "somebody",
    }


def services(*numbers: int) -> dict[str, Service]:
    """What is deployed: revisions of these releases, the last of which serves."""
    deployed = {}
    for name in TARGETS.values():
        revisions = tuple(
            Revision(
                name=f"{name}-{number}",
                service=name,
                variables={"TWINSERVE_RELEASE": f"v{number}-a"},
                digest=f"sha256:{number}",
                ready=True,
                created="",
            )
            for number in numbers
        )
        deployed[name] = Service(name, "", (), {}, frozenset(), revisions, {})
    return deployed


BAD = {
    "cut short": "{",
    "nothing": "",
    "no object": "[1]",
    "no time": json.dumps({**members(2), "promoted_at": None}),
    "another time": json.dumps({**members(2), "promoted_at": "yesterday"}),
    "a target missing": json.dumps({**members(2), "revisions": {"service": "s-2"}}),
    "a number of 5,000 digits": '{"expected": ' + "9" * 5000 + "}",
    "nested without end": "[" * 100_000,
    "no text": b"\xff\xfe",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_bad_record_is_passed_over(bucket: FakeBucket, cloud: Cloud, content: str | bytes) -> None:
    """It is named with what is wrong, the others are read, and who asks for it gets one line."""
    bucket.put(f"{FOLDER}/v2-a.json", content)
    records = read_records(cloud)
    assert [record.release for record in records.good] == ["v1-a", "v3-a"]
    file = cloud.console.file
    assert isinstance(file, io.StringIO)
    (line,) = file.getvalue().splitlines()
    assert line.startswith("releases/v2-a.json is passed over, it is not a record: ")
    assert line.isprintable()
    assert _chosen(cloud, services(1, 2, 3), records, None).release == "v3-a"
    assert _chosen(cloud, services(1, 2, 3), records, "v1").release == "v1-a"
    with pytest.raises(UserError, match=r"releases/v2-a\.json is not a record") as refused:
        _chosen(cloud, services(1, 2, 3), records, "v2-a")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(members(2)),
        json.dumps(members(2), indent=4) + "\n\n",
        json.dumps({**members(2), "of a later version": True}),
    ],
    ids=["no final newline", "pretty-printed", "a member more"],
)
def test_record_is_read_however_it_is_written(
    bucket: FakeBucket, cloud: Cloud, content: str
) -> None:
    """One object is one record, wherever its lines end."""
    bucket.put(f"{FOLDER}/v2-a.json", content)
    records = read_records(cloud)
    assert [record.release for record in records.good] == ["v1-a", "v2-a", "v3-a"]
    assert not records.bad


def test_one_record_is_read_alone(bucket: FakeBucket, cloud: Cloud) -> None:
    """What is written comes back, and no other is looked at."""
    record = Record(**{**members(2), "attested": "owner/name"})
    write_record(cloud, record)
    bucket.put(f"{FOLDER}/v1-a.json", "{")
    assert read_records(cloud, "v2-a").of("v2-a") == record
    assert read_records(cloud, "v9-a").of("v9-a") is None


def test_status_says_who_attests(bucket: FakeBucket, cloud: Cloud) -> None:
    """The repository that was verified before the promotion, or nothing; and what reproduced it."""
    told = {"attested": "owner/name", "reproduced_by": "push", "reproduced_at": "2026-01-02"}
    bucket.put(f"{FOLDER}/v2-a.json", json.dumps({**members(2), **told}))
    assert _attested(cloud, "v2-a") == "owner/name"
    assert _attested(cloud, "v1-a") is None
    assert _attested(cloud, None) is None
    file = cloud.console.file
    assert isinstance(file, io.StringIO)
    assert file.getvalue().splitlines() == [
        "attested: by owner/name",
        "reproduced: by its push, 2026-01-02",
        "attested: not verified",
        "reproduced: not recorded",
    ]


def test_cleanup_leaves_what_it_cannot_judge(bucket: FakeBucket, cloud: Cloud) -> None:
    """A release whose record cannot be read may be among the newest: all of it stays."""
    bucket.put(f"{FOLDER}/v2-a.json", "{")
    kept = _kept(cloud, services(1, 2, 3), read_records(cloud), 1)
    assert kept.revisions == {f"{name}-{number}" for name in TARGETS.values() for number in (2, 3)}
    assert kept.digests == {"sha256:2", "sha256:3"}
