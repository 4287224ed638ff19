"""A real engine pushes an image through the proxy, and what it pushed is what runs."""

import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.google.commands import HERE, IMAGE, SERVICE, fail, predict, succeed
from tests.google.fake import FakeGoogle
from tests.google.resources.distribution import USER
from tests.google.state import TOKEN, Repository
from tests.tools import require, run
from twinserve.targets.engine import Engine

SETTINGS = '[engine]\ncgroup_manager = "cgroupfs"\n'
STORAGE = '[storage]\ndriver = "vfs"\ngraphroot = "{0}/graph"\nrunroot = "{0}/run"\n'


class Podman:
    """An engine with a store of its own that reaches the world through the fake."""

    def __init__(self, google: FakeGoogle, folder: Path) -> None:
        (folder / "containers.conf").write_text(SETTINGS)
        (folder / "storage.conf").write_text(STORAGE.format(folder))
        (folder / "policy.json").write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        own = {
            "CONTAINERS_CONF": str(folder / "containers.conf"),
            "CONTAINERS_STORAGE_CONF": str(folder / "storage.conf"),
        }
        self.environment = google.environment | own
        self.policy = f"--signature-policy={folder / 'policy.json'}"
        # Where an engine that is not told looks for it.
        home = Path(google.environment["HOME"]) / ".config" / "containers"
        home.mkdir(parents=True)
        (home / "policy.json").write_text((folder / "policy.json").read_text())

    def __call__(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it."""
        return run([require("podman"), *arguments], env=self.environment)


@pytest.fixture
def podman(google: FakeGoogle, dist: Path, tmp_path: Path) -> Podman:
    """An engine that has an image of the bundle: its files in /srv, and nothing else."""
    engine = Podman(google, tmp_path)
    archive = tmp_path / "image.tar"
    with tarfile.open(archive, "w") as tar:
        tar.add(dist / "service", "srv")
    imported = engine("import", str(archive), IMAGE)
    assert imported.returncode == 0, imported.stderr
    return engine


def test_pushed_image_runs(
    google: FakeGoogle, podman: Podman, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its digest is the manifest's, as the engine says it; a deployment of it answers."""
    google.state.repositories["ml-models"] = Repository("ml-models", {"format": "DOCKER"})
    assert podman("tag", IMAGE, f"{IMAGE}:v1").returncode == 0
    for name, value in podman.environment.items():
        monkeypatch.setenv(name, value)
    digest = Engine("podman").push(f"{IMAGE}:v1", TOKEN)
    described = succeed(google, "artifacts", "docker", "images", "describe", f"{IMAGE}:v1")
    assert described["image_summary"]["digest"] == digest
    command = ["run", "deploy", SERVICE, f"--image={IMAGE}@{digest}", HERE]
    url = succeed(google, *command, "--allow-unauthenticated")["status"]["url"]
    assert predict(url).status == 200
    again = podman("pull", podman.policy, f"--creds={USER}:{TOKEN}", f"{IMAGE}:v1")
    assert again.returncode == 0, again.stderr


def test_push_without_a_token_or_a_repository_is_refused(
    google: FakeGoogle, podman: Podman
) -> None:
    """As Artifact Registry does; no image is there afterwards."""
    google.state.repositories["ml-models"] = Repository("ml-models", {"format": "DOCKER"})
    wrong = podman("push", podman.policy, f"--creds={USER}:wrong", IMAGE)
    assert "authentication failed" in wrong.stderr
    google.state.repositories.clear()
    missing = podman("push", podman.policy, f"--creds={USER}:{TOKEN}", IMAGE)
    assert 'Repository "ml-models" not found' in missing.stderr
    assert "NOT_FOUND" in fail(google, "artifacts", "docker", "images", "list", IMAGE)
