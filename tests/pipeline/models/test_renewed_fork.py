"""A fork that has renewed its packages, through two versions of the engine: its own locks."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.version import Version

from tests.delivery.update.forks import (
    GENERATED,
    Repository,
    improve,
    improve_again,
    settle,
)
from tests.pipeline.models.test_updated_fork import run
from tests.renewal.newer_versions import NEWEST, serve_newer
from tests.renewal.slim_engine import publish_slim_engine
from twinserve.config.params import Renewal
from twinserve.delivery.bundle.locks import lock
from twinserve.delivery.bundle.pins import read_rooms
from twinserve.delivery.update import command
from twinserve.renewal import packages
from twinserve.renewal.fit import Passed
from twinserve.renewal.packages import Wanted, bring_in
from twinserve.targets.git import Checkout

pytestmark = pytest.mark.nightly


@pytest.fixture(autouse=True)
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Beside the usual index: a version of a package that nobody else has."""
    with serve_newer(tmp_path / "index", "semver") as variables:
        for name, text in {**variables, "GIT_CONFIG_GLOBAL": "/dev/null"}.items():
            monkeypatch.setenv(name, text)
        yield


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    """The engine's repository, with fewer rooms, and outputs of its own in git."""
    upstream = publish_slim_engine(tmp_path / "upstream")
    publish(upstream, "Its outputs")
    return upstream


def publish(upstream: Repository, message: str) -> None:
    """Commit a version with what its own pipeline gives."""
    for name in GENERATED:
        upstream.path(name).unlink(missing_ok=True)
    run(upstream, "repro")
    upstream.commit(message)


@pytest.fixture
def fork(upstream: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A fork of it that has renewed a package, reproduced."""
    fork = upstream.fork(tmp_path / "fork")
    settle(fork)

    def fit(*_: object, **__: object) -> tuple[Passed, ...]:
        return (Passed("all", 0.0),)

    monkeypatch.setattr(packages, "fit", fit)
    fork.commit("Ours")
    wanted = Wanted(("semver",), (), Renewal(), engine=False, log=tmp_path / "log")
    bring_in(Checkout(fork.directory), wanted)
    run(fork, "repro")
    fork.commit("Renew semver")
    monkeypatch.chdir(fork.directory)
    # What is installed of such locks is no part of this.
    monkeypatch.setattr(command, "make_environment", lambda *_: sys.executable)
    return fork


def versions(fork: Repository, package: str) -> dict[str, str]:
    """The version that each room has of it."""
    rooms = read_rooms(fork.directory)
    return {room: pins[package] for room, pins in rooms.items() if package in pins}


def test_locks_of_a_renewed_fork_are_resolved_anew_by_each_update(
    upstream: Repository, fork: Repository
) -> None:
    """Its versions stay where they fit the engine's requirements, else they give way."""
    assert set(versions(fork, "semver").values()) == {NEWEST}
    improve(upstream)
    first, more = "service = [\n", 'service = [\n    "iniconfig",\n'
    upstream.replace("pyproject.toml", first, more)
    lock(upstream.directory)
    publish(upstream, "A package for the service")
    assert "-> 0.3.0: commit " in command.update("upstream/main")
    assert set(versions(fork, "semver").values()) == {NEWEST}
    assert {"dev", "service-compiled"} <= versions(fork, "iniconfig").keys()
    check(fork)

    improve_again(upstream)
    upstream.replace("pyproject.toml", '    "scipy",\n', '    "scipy",\n    "semver<50",\n')
    lock(upstream.directory)
    publish(upstream, "Not the newest version of a package")
    assert "-> 0.4.0: commit " in command.update("upstream/main")
    (version,) = set(versions(fork, "semver").values())
    assert Version(version) < Version("50")
    check(fork)


def check(fork: Repository) -> None:
    """The fork's pipeline is right, and nothing is left to commit."""
    assert fork.git("status", "--porcelain") == ""
    run(fork, "repro", "--locked")
    run(fork, "verify")
