"""What every room's tests share: the bundles, reproduced once, and endpoints made from them."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.google import FakeGoogle, Instances

ROOT = Path(__file__).parent.parent
SHOWN = ROOT / "reports" / "tests"

Show = Callable[[str, str], None]


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
        "--deployed",
        action="store_true",
        help="those endpoints stand behind Google's front end (tests/contract/front_end.py)",
    )
    parser.addoption(
        "--card", default="models/model.json", help="the model card that the endpoints serve"
    )


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget the tables of an earlier run."""
    if not (hasattr(session.config, "workerinput") or _is_a_check(session.config)):
        shutil.rmtree(SHOWN, ignore_errors=True)
    # A pytest that a test starts is a run of its own, not a part of this one.
    os.environ.pop("PYTEST_XDIST_WORKER", None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have shown, in whichever process they ran."""
    if _is_a_check(terminalreporter.config):
        return
    for path in sorted(SHOWN.glob("*.md")):
        terminalreporter.section(path.stem, sep="-")
        terminalreporter.write_line(path.read_text().rstrip())


def _is_a_check(config: pytest.Config) -> bool:
    """Whether endpoints are held to the contract, which the tests do themselves by the way."""
    return bool(config.getoption("base_url"))


@pytest.fixture
def show() -> Show:
    """Takes a name and a text for the end of the run; `reports/tests/NAME.md` keeps it."""

    def keep(name: str, text: str) -> None:
        SHOWN.mkdir(parents=True, exist_ok=True)
        (SHOWN / f"{name}.md").write_text(f"{text.rstrip()}\n")

    return keep


@pytest.fixture(scope="session")
def dist() -> Path:
    """The bundles of the tree as it stands, by the command that a user gives."""
    command = [sys.executable, "-m", "dvc", "repro", "--quiet"]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    (ROOT / ".cache").mkdir(exist_ok=True)
    # DVC refuses a second one beside the first, and the tests run in more than one process.
    with (ROOT / ".cache" / "repro.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
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
