"""Clients of others' making, in environments of their own, asked against both targets."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.config.variables import tool_environment
from twinserve.targets.environment import ensure_environment
from twinserve.targets.local import local_target
from twinserve.targets.ready import wait_until_answering

Run = Callable[..., str]


@pytest.fixture(scope="module")
def urls(dist: Path) -> Iterator[list[str]]:
    """Of the service and of the function."""
    with ExitStack() as stack:
        urls = []
        for name in ("service", "function"):
            endpoint = stack.enter_context(local_target(name, dist / name).start())
            wait_until_answering(endpoint)
            urls.append(endpoint.url)
        yield urls


@pytest.fixture(scope="session")
def clients_python() -> Path:
    """The Python that has what makes clients, and tritonclient."""
    return ensure_environment(ROOT / "locks" / "clients.txt")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a program and gives what it prints; a fault fails the test with all of it."""

    def run(*command: object, **variables: str) -> str:
        done = subprocess.run(
            [*map(str, command)],
            cwd=tmp_path,
            env=tool_environment() | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
