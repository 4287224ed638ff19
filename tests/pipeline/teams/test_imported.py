"""Another repository imports the service's bundle and serves it, as docs/data.md says."""

import re
import sys
from pathlib import Path

import pytest

from tests.pipeline.teams.clones import Clone
from tests.tree import ROOT
from twinserve.config.variables import user_environment
from twinserve.contract.calls import HttpCaller
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering


def documented() -> tuple[list[str], str]:
    """The words of `dvc import`, and the command that serves what it brings."""
    text = (ROOT / "docs/data.md").read_text()
    match = re.search(r"\$ dvc (import \S+ \S+)\n\$ cd service && (.+)\n", text)
    assert match
    return match[1].split(), match[2]


@pytest.mark.nightly
def test_another_repository_serves_the_bundle_that_it_imports(first: Clone, tmp_path: Path) -> None:
    """One command, with no environment but what it makes itself."""
    (verb, _, path), command = documented()
    other = Clone(tmp_path / "other")
    other.directory.mkdir()
    other.git("init", "--quiet", "--initial-branch=main")
    other.run("dvc", "init", "--quiet")
    other.run("dvc", verb, str(first.directory), path)
    environment = user_environment() | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    shell = ("/bin/sh", "-c", f"exec {command}")
    target = ProcessTarget("imported", shell, other.path("service"), environment)
    with target.start() as endpoint:
        wait_until_answering(endpoint, limit_s=120)
        reply = HttpCaller(endpoint.url).call(
            "POST", "/predict", body=b'{"features": [5.1, 3.5, 1.4, 0.2]}'
        )
    assert reply.body == b'{"prediction": 0, "model_version": "v1.0"}'
