"""What every room's tests share: the folder they start in, and the bundles, reproduced once."""

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import suites
from tests.own_modules import forget
from tests.tree import ROOT, Guard, lay_out, reproduce
from twinserve.config.variables import NETWORK, tool_environment

if TYPE_CHECKING:
    from fastapi import FastAPI

    from tests.google import FakeGoogle, Instances

SHOWN = ROOT / "reports" / "tests"
GUARD = Guard()

Show = Callable[[str, str], None]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a part of the tests be run."""
    parser.addoption(
        "--suite", choices=suites.SUITES, help="only what belongs to this suite; by default, all"
    )
    parser.addoption(
        "--shard",
        type=suites.Shard.parse,
        metavar="I/N",
        help="only the I-th of N parts of the files; today/N: another part each day",
    )
    parser.addoption(
        "--every",
        type=int,
        default=1,
        metavar="N",
        help="of what the night takes in many cases each N-th; others on another day",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark that leaves a test to the night; have children take an interrupt."""
    # A shell that starts something in the background has it, and its children, ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    config.addinivalue_line("markers", suites.MARK)
    part(config)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep what belongs to the suite and to the shard that are asked for."""
    kept = suites.chosen(items, config.getoption("suite"), config.getoption("shard"))
    kept = part(config).cases(kept)
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def part(config: pytest.Config) -> suites.Part:
    """What is taken today, or all of it."""
    return suites.Part.of_today(config.getoption("every"), config.getoption("shard"))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start each test of the engine in a tree of its own, and one of the model in the user's."""
    about_the_model = suites.about_the_model(item)
    os.chdir(ROOT if about_the_model else lay_out())
    GUARD.on = not about_the_model


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """What pytest itself does between tests is no test's."""
    GUARD.on = False


def pytest_sessionstart(session: pytest.Session) -> None:
    """Forget the tables of an earlier run."""
    if not hasattr(session.config, "workerinput"):
        shutil.rmtree(SHOWN, ignore_errors=True)
    # A hook that runs the tests has them point at its own repository, which no test may touch.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    # With a proxy in the shell, endpoints of this machine are still asked directly.
    for name, text in tool_environment(NETWORK).items():
        if name.lower() == "no_proxy":
            os.environ[name] = text
    # A pytest that a test starts is a run of its own, not a part of this one.
    os.environ.pop("PYTEST_XDIST_WORKER", None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests have shown, in whichever process they ran."""
    for path in sorted(SHOWN.glob("*.md")):
        terminalreporter.section(path.stem, sep="-")
        terminalreporter.write_line(path.read_text().rstrip())


@pytest.fixture
def show() -> Show:
    """Takes a name and a text for the end of the run; `reports/tests/NAME.md` keeps it."""

    def keep(name: str, text: str) -> None:
        SHOWN.mkdir(parents=True, exist_ok=True)
        (SHOWN / f"{name}.md").write_text(f"{text.rstrip()}\n")

    return keep


@pytest.fixture
def sweep(pytestconfig: pytest.Config) -> Callable[[int], range]:
    """Takes a bound; the numbers of the calls below it that a sweep takes."""
    return part(pytestconfig).calls


@pytest.fixture(scope="session")
def dist() -> Path:
    """The bundles of the engine's own tree (``tests/project``), never the user's."""
    return reproduce(lay_out())


@pytest.fixture(scope="session")
def bundles() -> Path:
    """The bundles of the user's model, for the tests that are about it."""
    return reproduce(ROOT)


@pytest.fixture
def predict(bundles: Path) -> Callable[[Sequence[object]], dict[str, Any]]:
    """Asks the service of the user's bundle for one row; for ``tests/model``."""
    from service.front import Service
    from tests.callers import InProcessCaller

    caller = InProcessCaller(Service(bundles / "service"))

    def ask(features: Sequence[object]) -> dict[str, Any]:
        body = json.dumps({"features": features}).encode()
        reply = caller.call("POST", "/predict", body=body)
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = json.loads(reply.body)
        return answer

    return ask


@pytest.fixture
def app(bundles: Path) -> "FastAPI":
    """``service.app.app`` of the user's bundle, as it was made anew; for ``tests/model``."""
    from service.app import create_app

    assert bundles.is_dir()
    return create_app()


@pytest.fixture
def own_modules_anew() -> Iterator[None]:
    """What a test imports from `custom` is no other test's."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    forget()


@pytest.fixture(scope="session")
def instances(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Instances"]:
    """Processes of bundles, kept from one fake of Google to the next."""
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
