"""How a container engine is run: with the user's settings for it, and none of their shell's."""

from pathlib import Path

import pytest

from twinserve.targets.container import ContainerTarget
from twinserve.targets.engine import Engine


def test_engine_keeps_what_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its daemon and its logins are, it alone knows; what is Python's or git's is not its."""
    monkeypatch.setenv("DOCKER_HOST", "unix:///run/theirs.sock")
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    environment = Engine("docker").environment()
    assert environment["DOCKER_HOST"] == "unix:///run/theirs.sock"
    assert environment["DOCKER_BUILDKIT"] == "1"
    assert not {"PYTHONPATH", "GIT_DIR"} & environment.keys()


def test_proxies_stay_out_of_a_container(tmp_path: Path) -> None:
    """Podman would hand them in; Docker does so for no variable of a shell's."""
    option = "--http-proxy=false"
    for name, expected in (("podman", True), ("docker", False)):
        target = ContainerTarget("service", "image", Engine(name))
        assert (option in target.command("container", 8080, tmp_path / "pid")) is expected
