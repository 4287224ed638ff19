"""What every room's tests share: the bundles, reproduced once, and endpoints made from them."""

import subprocess
import sys
from pathlib import Path

import pytest

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
