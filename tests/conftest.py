"""What every room's tests share: the bundles, reproduced once, and endpoints made from them."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.google import FakeGoogle, Instances

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the contract suite be pointed at endpoints that run elsewhere."""
    parser.addoption(
        "--base-url",
        action="append",
        default=[],
        metavar="NAME=URL",
        help="hold this endpoint to the contract (repeatable); by default, ones made here",
    )
    parser.addoption(
        "--card", default="models/model.json", help="the model card that the endpoints serve"
    )


@pytest.fixture(scope="session")
def dist() -> Path:
    """The bundles of the tree as it stands, by the command that a user gives."""
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        command, cwd=ROOT, env={"PATH": path, "HOME": str(Path.home())}, check=False
    )
    assert done.returncode == 0, "dvc repro failed"
    return ROOT / "dist"


@pytest.fixture(scope="session")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Instances"]:
    """Processes of bundles, kept from one fake of Google to the next."""
    # Here, since the contract suite is also run where there is nothing to fake.
    from tests.google import Instances

    kept = Instances(tmp_path_factory.mktemp("instances"))
    yield kept
    kept.close()


@pytest.fixture
def google(tmp_path: Path, instances: "Instances") -> Iterator["FakeGoogle"]:
    """A fake of Google's APIs with nothing in its project."""
    from tests.google import FakeGoogle

    with FakeGoogle(tmp_path, instances=instances) as fake:
        yield fake
