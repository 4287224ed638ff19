"""Buckets and objects as the real gcloud sees them."""

import pytest

from tests.google.commands import HERE, fail, succeed
from tests.google.fake import FakeGoogle

LOCK = "gs://some-bucket/lock.json"


@pytest.fixture(autouse=True)
def bucket(google: FakeGoogle) -> None:
    """A bucket to work in."""
    place = HERE.replace("region", "location")
    succeed(google, "storage", "buckets", "create", "gs://some-bucket", place)


def test_object_that_must_not_exist_is_created_once(google: FakeGoogle) -> None:
    """The generation precondition 0 lets one writer through; the other is told why not."""
    create = ["storage", "cp", "-", LOCK, "--if-generation-match=0"]
    succeed(google, *create, stdin="first")
    assert "HTTPError 412" in fail(google, *create, stdin="second")
    assert google.gcloud("storage", "cat", LOCK).stdout == "first"


def test_object_is_removed_at_its_own_generation_only(google: FakeGoogle) -> None:
    """What somebody else has written meanwhile stays."""
    succeed(google, "storage", "cp", "-", LOCK, stdin="first")
    described = succeed(google, "storage", "objects", "describe", LOCK)
    old = f"--if-generation-match={described['generation']}"
    succeed(google, "storage", "cp", "-", LOCK, old, stdin="second")
    assert "HTTPError 412" in fail(google, "storage", "rm", LOCK, old)
    assert google.state.buckets["some-bucket"].objects["lock.json"].content == b"second"
    new = google.state.buckets["some-bucket"].objects["lock.json"].generation
    succeed(google, "storage", "rm", LOCK, f"--if-generation-match={new}")
    assert google.state.buckets["some-bucket"].objects == {}


def test_objects_are_listed_below_a_prefix(google: FakeGoogle) -> None:
    """And nothing else is."""
    for name in ("releases/a.json", "releases/b.json", "builds/a.json"):
        succeed(google, "storage", "cp", "-", f"gs://some-bucket/{name}", stdin="{}")
    listed = succeed(google, "storage", "objects", "list", "gs://some-bucket/releases/*")
    assert [item["name"] for item in listed] == ["releases/a.json", "releases/b.json"]


def test_missing_object_is_told(google: FakeGoogle) -> None:
    """404, in gcloud's words."""
    assert "matched no objects or files" in fail(google, "storage", "cat", LOCK)
    assert "not found: 404" in fail(google, "storage", "objects", "describe", LOCK)
    assert "not found: 404" in fail(google, "storage", "buckets", "describe", "gs://none")
