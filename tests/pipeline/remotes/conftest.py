"""A server of each scheme, and one environment with every plug-in, for all of a file's tests."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pipeline.remotes import clouds, servers
from tests.pipeline.remotes.attempts import Begun, Remote, begin, pushed
from tests.pipeline.remotes.proxy import Proxy
from tests.tree import CACHE, ROOT
from twinserve.delivery.environment.remotes import SCHEMES

OPENED = {
    "azure": clouds.azure,
    "gs": clouds.gs,
    "http": servers.http,
    "s3": clouds.s3,
    "ssh": servers.ssh,
}
# Of the large table, which is some megabytes.
MOST = 500_000


def python_of(scheme: str) -> Path:
    """The Python that `make` installs where a remote of each scheme is named, kept between runs."""
    if scheme not in SCHEMES:
        return Path(sys.executable)
    tree = CACHE / "remotes"
    (tree / ".dvc").mkdir(parents=True, exist_ok=True)
    for name in ("locks", "twinserve"):
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(ROOT / name)
    named = "".join(f"['remote \"{name}\"']\n    url = {name}://any\n" for name in SCHEMES)
    (tree / ".dvc" / "config").write_text(named)
    install = [sys.executable, "-m", "twinserve.delivery.environment.install"]
    asked = [*install, "--expected"]
    expected = subprocess.run(asked, cwd=tree, capture_output=True, text=True, check=True).stdout
    ready = tree / ".venv" / "ready"
    if not ready.exists() or ready.read_text() != expected.strip():
        subprocess.run(install, cwd=tree, check=True)
    return tree / ".venv" / "bin" / "python"


class Remotes:
    """A remote of each scheme that a test has asked for, open until the last of them is done."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._open: dict[str, Remote] = {}
        self._begun: dict[str, Begun] = {}

    def of(self, scheme: str) -> Remote:
        """With a project's sources in it."""
        if scheme not in self._open:
            python = python_of(scheme)
            folder = self._folder / scheme
            (folder / "server").mkdir(parents=True)
            server = self._stack.enter_context(OPENED[scheme](folder / "server", python))
            made = pushed(server, python, folder / "made")
            self._open[scheme] = Remote(scheme, server, python, made)
        return self._open[scheme]

    def begun(self, scheme: str) -> Begun:
        """A fetch for each fault of a login or of the way, all at once: clients are patient."""
        if scheme not in self._begun:
            way = self._stack.enter_context(Proxy(self.of(scheme).server.port, most=MOST))
            attempts = dict(begin(self.of(scheme), way, self._folder / "attempts" / scheme))
            for attempt in attempts.values():
                self._stack.callback(attempt.end)
            self._begun[scheme] = Begun(attempts, way)
        return self._begun[scheme]


@pytest.fixture(scope="module")
def _remotes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remotes]:
    with ExitStack() as stack:
        yield Remotes(stack, tmp_path_factory.mktemp("remotes"))


@pytest.fixture
def remote(request: pytest.FixtureRequest, _remotes: Remotes) -> Remote:
    """The remote of the scheme that a test asks for."""
    return _remotes.of(request.param)


@pytest.fixture
def begun(remote: Remote, _remotes: Remotes) -> Begun:
    """What was begun with each of its faults."""
    return _remotes.begun(remote.scheme)
