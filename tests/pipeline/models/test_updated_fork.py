"""A fork through two versions of the engine, by the command: its pipeline is right after each."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from tests.delivery.update.forks import (
    GENERATED,
    Repository,
    improve,
    improve_again,
    publish_engine,
    settle,
)
from tests.tools import twinserve
from tests.tree import CACHE
from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_service
from twinserve.targets.ready import wait_until_answering

pytestmark = pytest.mark.nightly


def run(repository: Repository, *words: str) -> str:
    """The output of a command of the repository's own engine."""
    environment = {"HOME": str(repository.directory.parent), "GIT_CONFIG_GLOBAL": "/dev/null"}
    environment["PATH"] = "/usr/bin:/bin"
    done = twinserve(*words, cwd=repository.directory, env=environment, code=0)
    return done.stdout


def published(directory: Path) -> Repository:
    """The engine with outputs of its own in git, as a run gives them."""
    upstream = publish_engine(directory)
    for name in GENERATED:
        upstream.path(name).unlink()
    run(upstream, "repro")
    upstream.commit("Its outputs")
    return upstream


@pytest.fixture
def upstream(tmp_path: Path) -> Repository:
    """The engine's repository."""
    return published(tmp_path / "upstream")


@pytest.fixture
def fork(upstream: Repository, tmp_path: Path) -> Repository:
    """The fork, reproduced, with nothing left to commit."""
    fork = upstream.fork(tmp_path / "fork")
    settle(fork)
    # Environments that are made here serve there too.
    (CACHE / "environments").mkdir(parents=True, exist_ok=True)
    fork.path(".cache").mkdir()
    fork.path(".cache/environments").symlink_to(CACHE / "environments")
    run(fork, "repro")
    fork.commit("Ours")
    return fork


def test_pipeline_of_a_fork_is_right_after_each_of_two_updates(
    upstream: Repository, fork: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its table's model, its own route; a stage whose code is as it was has kept its output."""
    model = fork.path("models/model.pkl").read_bytes()
    for version, change in (("0.3.0", improve), ("0.4.0", improve_again)):
        change(upstream)
        # What upstream's own run gives is another lock and other metrics: never the fork's.
        if version == "0.3.0":
            run(upstream, "repro")
            upstream.commit("Its outputs")
        printed = run(fork, "update", "upstream/main")
        assert "Running stage 'train'" not in printed
        assert f"-> {version}: commit " in printed
        assert fork.git("status", "--porcelain") == ""
        run(fork, "repro", "--locked")
        run(fork, "verify")
        assert fork.path("models/model.pkl").read_bytes() == model
        card = json.loads(fork.path("models/model.json").read_text())
        table = fork.path("data/table.csv").read_bytes()
        assert card["data"]["sha256"] == hashlib.sha256(table).hexdigest()
        lock = yaml.safe_load(fork.path("dvc.lock").read_text())["stages"]
        assert "data/table.csv" in {dep["path"] for dep in lock["prepare"]["deps"]}
    monkeypatch.chdir(fork.directory)
    with local_service(fork.path("dist/service")).start() as endpoint:
        wait_until_answering(endpoint)
        reply = HttpCaller(endpoint.url).call("GET", "/greeting")
    assert (reply.status, json.loads(reply.body)) == (200, "hello")
