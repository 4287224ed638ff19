"""The project's commands in the shells that people have."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pipeline.models.trees import ROOT, export
from tests.tools import run
from twinserve.contract.check import CheckError, check_contract
from twinserve.delivery.data import dvc as data
from twinserve.targets.local import local_service
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

# Each has broken a run: `0 cases fail`, assertions left out, no answer in 60 s, no such module.
SHELL = {
    "PYTEST_ADDOPTS": "--collect-only -k nothing",
    "PYTEST_PLUGINS": "nowhere",
    "PYTHONOPTIMIZE": "2",
    "PYTHONSAFEPATH": "1",
    "PYTHONPATH": "/nowhere",
    "PYTHONIOENCODING": "ascii",
    "PYTHONHASHSEED": "1",
    "PIP_USER": "1",
    "UV_PYTHON": "2.7",
    "DVC_STAGE": "train",
    "COVERAGE_RCFILE": "/nowhere",
    "http_proxy": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "socks5://127.0.0.1:9",
}


@pytest.fixture
def service(dist: Path) -> Iterator[Endpoint]:
    """The service, started as usual."""
    with local_service(dist / "service").start() as endpoint:
        wait_until_answering(endpoint)
        yield endpoint


@pytest.mark.nightly
def test_contract_is_held_whatever_the_shell(
    service: Endpoint, dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options, plugins and proxies of the shell's neither spare a case nor fail one."""
    card = dist / "service" / "model.json"
    expected = check_contract([service], card)
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    assert check_contract([service], card) == expected


@pytest.mark.nightly
def test_wrong_endpoint_is_found_whatever_the_shell(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A suite that the shell would run without its assertions still fails."""
    for name, value in SHELL.items():
        monkeypatch.setenv(name, value)
    wrong = f"exec {sys.executable} -m http.server --bind 127.0.0.1 $PORT"
    target = ProcessTarget("service", ("/bin/sh", "-c", wrong), ROOT)
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        with pytest.raises(CheckError, match=r"^[1-9]\d* cases of the contract fail"):
            check_contract([endpoint], dist / "service" / "model.json")


@pytest.mark.nightly
def test_pipeline_gives_the_same_whatever_the_shell(tmp_path: Path) -> None:
    """Stages run by DVC, with the shell's variables in its way, reproduce what is locked."""
    tree = export(tmp_path / "tree")
    run(
        [sys.executable, "-E", "-m", "twinserve", "repro", "--locked"],
        cwd=tree,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tree), **SHELL},
        code=0,
    )


def test_credentials_of_a_remote_reach_dvc(monkeypatch: pytest.MonkeyPatch) -> None:
    """What DVC documents for its configuration and remotes is passed on."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("DVC_ROOT", "/nowhere")
    seen: list[dict[str, str]] = []
    monkeypatch.setattr(subprocess, "run", lambda *_, env, **__: seen.append(env))
    data.dvc("version")
    assert seen[0]["AWS_ACCESS_KEY_ID"] == "key"
    assert "DVC_ROOT" not in seen[0]
