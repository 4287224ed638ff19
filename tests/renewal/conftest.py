"""What renewals share: where packages come from."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.renewal.package_index import PackageIndex, serve_index


@pytest.fixture
def index(tmp_path: Path) -> Iterator[PackageIndex]:
    """The only place that packages come from."""
    with serve_index(tmp_path / "index") as served:
        yield served


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PackageIndex]:
    """The same for all cases of a file, whose project is made once."""
    with serve_index(tmp_path_factory.mktemp("index") / "index") as served:
        yield served
