"""The tests' own model as a bundle, and a file of rows for it."""

import gzip
import random
from pathlib import Path

import pytest

from tests.google import PROJECT, REGISTRY, FakeGoogle
from tests.google.buckets import Bucket, StoredObject
from twinserve.config.card import Card, load_card
from twinserve.delivery.bundle.archive import lay_out
from twinserve.delivery.bundle.assembly import read_bundle_hash
from twinserve.delivery.bundle.manifest import read_verified
from twinserve.delivery.image.score import with_scoring
from twinserve.delivery.names import release_name

HEADER = "sepal_length,sepal_width,petal_length,petal_width"


@pytest.fixture(scope="session")
def service(dist: Path) -> Path:
    """The service's bundle."""
    return dist / "service"


@pytest.fixture(scope="session")
def card(service: Path) -> Card:
    """Of the tests' own model."""
    return load_card(service / "model.json")


@pytest.fixture(scope="session")
def rows() -> list[list[float]]:
    """Rows in and around the table's range, and a few on the thresholds of its trees."""
    draw = random.Random(3)  # noqa: S311 - rows, not a secret
    ranges = ((4, 8), (2, 4.5), (1, 7), (0.1, 2.5))
    return [[round(draw.uniform(*ends), 2) for ends in ranges] for _ in range(300)]


@pytest.fixture
def source(tmp_path: Path, rows: list[list[float]]) -> Path:
    """The rows as CSV."""
    path = tmp_path / "in.csv"
    lines = [HEADER, *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\n".join([*lines, ""]))
    return path


@pytest.fixture
def context(dist: Path, tmp_path: Path) -> Path:
    """What the image holds in its folder."""
    folder = tmp_path / "context"
    lay_out(with_scoring(read_verified(dist / "service")), folder)
    return folder


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
