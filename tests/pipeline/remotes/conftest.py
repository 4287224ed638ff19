"""A server of each scheme, and an environment with what its remote takes."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.pipeline.remotes import servers
from tests.pipeline.remotes.server import Server
from tests.tree import CACHE, ROOT
from twinserve.delivery.environment.remotes import SCHEMES

Python = Callable[[str], Path]


def python_of(scheme: str) -> Path:
    """The Python of an environment that `make` would make for such a remote, kept between runs."""
    if scheme not in SCHEMES:
        return Path(sys.executable)
    tree = CACHE / "remotes" / scheme
    (tree / ".dvc").mkdir(parents=True, exist_ok=True)
    for name in ("locks", "twinserve"):
        if not (tree / name).is_symlink():
            (tree / name).symlink_to(ROOT / name)
    (tree / ".dvc" / "config").write_text(f"['remote \"store\"']\n    url = {scheme}://any\n")
    install = [sys.executable, "-m", "twinserve.delivery.environment.install"]
    asked = [*install, "--expected"]
    expected = subprocess.run(asked, cwd=tree, capture_output=True, text=True, check=True).stdout
    ready = tree / ".venv" / "ready"
    if not ready.exists() or ready.read_text() != expected.strip():
        subprocess.run(install, cwd=tree, check=True)
    return tree / ".venv" / "bin" / "python"


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Server, Path]]:
    """The server of the scheme that a test asks for, and the Python that can reach it."""
    scheme = request.param
    python = python_of(scheme)
    with ExitStack() as stack:
        open_one = getattr(servers, scheme)
        given = (tmp_path / "server", str(python)) if scheme == "azure" else (tmp_path / "server",)
        yield stack.enter_context(open_one(*given)), python
