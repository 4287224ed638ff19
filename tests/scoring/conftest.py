"""The tests' own model as a bundle, and a file of rows for it."""

import random
from pathlib import Path

import pytest

from twinserve.config.card import Card, load_card

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
