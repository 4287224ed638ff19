"""The lock: judged by the bucket's clock, readable whatever stands in it, given up when asked."""

import io
import json
from datetime import datetime, timedelta

import pytest
from rich.console import Console

from tests.delivery.release.fake_bucket import FakeBucket
from twinserve.config.params import load_params
from twinserve.delivery.project import Cloud
from twinserve.delivery.release import lease, lock_object
from twinserve.delivery.release.lease import (
    KeepLockError,
    Lease,
    LockedError,
    StopAskedError,
    leased,
    read_held,
)
from twinserve.delivery.release.lock_object import Lock
from twinserve.targets.google.gcloud import Gcloud

URL = "gs://p-twinserve-releases/lock.json"
HOUR = timedelta(hours=1)
BEFORE = {"a": {"a-1": 100}, "b": {}}


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> FakeBucket:
    """In gcloud's place, with a clock of its own."""
    made = FakeBucket()
    monkeypatch.setattr("twinserve.targets.google.gcloud.run_gcloud", made)
    monkeypatch.setattr(lock_object, "server_time", lambda: made.now)
    monkeypatch.setattr(lease, "LOOK_AGAIN_S", 0.0)
    return made


@pytest.fixture
def cloud() -> Cloud:
    """A project whose lease is an hour."""
    console = Console(file=io.StringIO(), width=200)
    return Cloud(Gcloud("p"), load_params(), console, as_json=False)


def said(cloud: Cloud) -> str:
    file = cloud.console.file
    assert isinstance(file, io.StringIO)
    return file.getvalue()


def take(cloud: Cloud, *, take_over: bool = False) -> Lease:
    """The lock, for a moment."""
    with leased(cloud, "release v2", take_over=take_over) as held:
        return held


def lock(**members: object) -> str:
    return json.dumps({"owner": "somebody else", "purpose": "release v1", **members})


@pytest.mark.parametrize("hours", [-2, 2])
def test_local_clock_decides_nothing(
    bucket: FakeBucket, cloud: Cloud, hours: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hours ahead or behind: a live lock keeps others out, an expired one does not."""

    class Clock(datetime):
        """Wrong."""

        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            _ = tz
            return bucket.now + hours * HOUR

    monkeypatch.setattr(lock_object, "datetime", Clock)
    with (
        leased(cloud, "release v1", take_over=False),
        pytest.raises(LockedError, match="holds the lock for release v1"),
    ):
        take(cloud)
    bucket.put(URL, lock(lease_s=3600), ago=HOUR - timedelta(seconds=1))
    with pytest.raises(LockedError):
        take(cloud)
    bucket.put(URL, lock(lease_s=3600), ago=HOUR)
    take(cloud)
    assert URL not in bucket.objects


def test_lock_of_an_earlier_version_counts_until_it_says(bucket: FakeBucket, cloud: Cloud) -> None:
    """Its `expires`, with a zone or without, by the bucket's clock; never longer than a lease."""
    for expires in (bucket.now + HOUR / 2, (bucket.now + HOUR / 2).replace(tzinfo=None)):
        bucket.put(URL, lock(expires=expires.isoformat()))
        with pytest.raises(LockedError):
            take(cloud)
        bucket.now += HOUR / 2
        take(cloud)
        bucket.now -= HOUR / 2
    bucket.put(URL, lock(expires=(bucket.now + 9 * HOUR).isoformat()), ago=HOUR)
    take(cloud)


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "",
        "\x00\x1b[2J",
        '{"owner": "a"}',
        lock(expires=None, before={"a": "b"}),
        lock(lease_s=10**30),
        lock(before=3),
        "[" * 100_000,
        '{"owner": "a", "purpose": "b", "lease_s": ' + "9" * 5000 + "}",
    ],
)
def test_damaged_lock_keeps_others_out_for_one_lease(
    bucket: FakeBucket, cloud: Cloud, text: str
) -> None:
    """Whatever stands in it, there is one line meanwhile, and nothing of it is believed then."""
    bucket.put(URL, text)
    with pytest.raises(LockedError, match="give --take-over") as refused:
        take(cloud)
    assert str(refused.value).isprintable()
    held = read_held(cloud)
    assert held is not None
    assert held.fault
    assert take(cloud, take_over=True).dead is None
    bucket.put(URL, text, ago=HOUR)
    assert take(cloud).dead is None


@pytest.mark.parametrize("expires", [None, "soon", "0001-01-01T00:00:00+23:59"])
def test_expiry_that_is_no_time_is_passed_over(
    bucket: FakeBucket, cloud: Cloud, expires: str | None
) -> None:
    """The lease goes by when the object was written, and what it says of traffic is kept."""
    bucket.put(URL, lock(expires=expires, before=BEFORE))
    with pytest.raises(LockedError):
        take(cloud)
    bucket.now += HOUR
    dead = take(cloud).dead
    assert dead is not None
    assert dead.before == BEFORE


def test_owner_is_printed_as_it_is(bucket: FakeBucket, cloud: Cloud) -> None:
    """Markup and control characters of a stranger are neither obeyed nor an error."""
    bucket.put(URL, json.dumps({"owner": "[/red]\x1b[2J\nx", "purpose": "[bold]"}))
    take(cloud, take_over=True)
    assert "taking over the lock of [/red] [2J x ([bold])" in said(cloud)


def test_release_yields_at_its_next_look(bucket: FakeBucket, cloud: Cloud) -> None:
    """A rollback's request is seen by each way of looking; the lock is gone afterwards."""
    for look in (Lease.check, Lease.renew):
        with leased(cloud, "release v1", take_over=False, yields=True) as held:
            look(held)
            asking = {**json.loads(bucket.objects[URL]), "stop": "somebody"}
            bucket.put(URL, json.dumps(asking))
            with pytest.raises(StopAskedError, match="somebody asked for it"):
                look(held)
        assert URL not in bucket.objects


def test_request_that_came_too_late_leaves_no_lock(bucket: FakeBucket, cloud: Cloud) -> None:
    """A release that ends before it looks again deletes its lock, though that was changed."""
    with leased(cloud, "release v1", take_over=False, yields=True):
        bucket.put(URL, json.dumps({**json.loads(bucket.objects[URL]), "stop": "somebody"}))
    assert URL not in bucket.objects


def test_lock_of_another_is_not_given_up(bucket: FakeBucket, cloud: Cloud) -> None:
    """Of the same owner even, if it is another holding."""
    with leased(cloud, "release v1", take_over=False, yields=True) as held:
        other = {**json.loads(bucket.objects[URL]), "id": "another"}
        bucket.put(URL, json.dumps(other))
        with pytest.raises(LockedError, match="taken over meanwhile"):
            held.check()
    assert json.loads(bucket.objects[URL]) == other


def test_rollback_asks_and_has_the_lock_next(bucket: FakeBucket, cloud: Cloud) -> None:
    """It waits until the release has given the lock up, and knows where that found the traffic."""
    releasing = leased(cloud, "release v1", take_over=False, yields=True)
    held = releasing.__enter__()
    held.keep_positions(BEFORE)
    looked: list[bool] = []

    def release_looks(words: tuple[str, ...]) -> None:
        """Once it was asked, after the rollback has looked three more times."""
        if words[:3] != ("storage", "objects", "describe") or looked.count(True) > 2:
            return
        looked.append('"stop"' in bucket.objects[URL].decode())
        if looked.count(True) == 3:
            with pytest.raises(StopAskedError):
                held.check()
            held.release()

    bucket.before = release_looks
    with leased(cloud, "rollback", take_over=False, stops=True) as mine:
        assert json.loads(bucket.objects[URL])["purpose"] == "rollback"
        assert mine.dead is not None
        assert mine.dead.before == BEFORE
    assert URL not in bucket.objects
    assert said(cloud).count("asked for its stop") == 1


def test_release_that_died_is_not_waited_for(bucket: FakeBucket, cloud: Cloud) -> None:
    """It never looks: when its lease is over, by the bucket's clock, the lock is taken."""
    bucket.put(URL, Lock("one", "release v1", id="1", lease_s=60, yields=True).to_json())

    def time_goes_by(_: object) -> None:
        bucket.now += timedelta(seconds=20)

    bucket.before = time_goes_by
    with leased(cloud, "rollback", take_over=False, stops=True):
        pass
    assert "taking over the lock of one (release v1)" in said(cloud)


def test_only_a_release_is_asked(bucket: FakeBucket, cloud: Cloud) -> None:
    """Another rollback, or a cleanup, does not look: whoever comes second stops at once."""
    bucket.put(URL, lock(lease_s=60))
    with (
        pytest.raises(LockedError, match="somebody else holds the lock"),
        leased(cloud, "rollback", take_over=False, stops=True),
    ):
        pass
    assert "stop" not in json.loads(bucket.objects[URL])


def test_lock_stays_when_traffic_could_not_be_put_back(bucket: FakeBucket, cloud: Cloud) -> None:
    """It says where traffic stood."""

    def stuck() -> None:
        with leased(cloud, "release v1", take_over=False) as held:
            held.keep_positions(BEFORE)
            raise KeepLockError("stuck")

    with pytest.raises(KeepLockError):
        stuck()
    assert json.loads(bucket.objects[URL])["before"] == BEFORE


def test_write_whose_answer_was_lost_is_ours(bucket: FakeBucket, cloud: Cloud) -> None:
    """Another generation with our own content is no other's: the lease goes on."""
    with leased(cloud, "release v1", take_over=False, yields=True) as held:
        bucket.put(URL, bucket.objects[URL])
        held.renew()
        held.check()
    assert URL not in bucket.objects
