"""DVC's remote on ``gs://``, against an emulator of Cloud Storage on this machine."""

import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import yaml
from gcp_storage_emulator.server import create_server

from tests.pipeline.models.trees import digests, export, restored
from tests.tools import twinserve
from twinserve.targets.process import free_port

BUCKET = "a-project-twinserve-dvc"
MODEL = "models/model.pkl"


@dataclass(frozen=True)
class Storage:
    """The emulator."""

    url: str

    def overwrite(self, name: str, content: bytes) -> None:
        """Put other bytes under an object's name."""
        target = f"{self.url}/upload/storage/v1/b/{BUCKET}/o?uploadType=media&name={quote(name)}"
        request = urllib.request.Request(  # noqa: S310 - our own emulator
            target, data=content, headers={"Content-Type": "application/octet-stream"}
        )
        urllib.request.urlopen(request).close()  # noqa: S310 - likewise

    def delete(self, name: str) -> None:
        """Remove an object."""
        target = f"{self.url}/storage/v1/b/{BUCKET}/o/{quote(name, safe='')}"
        request = urllib.request.Request(target, method="DELETE")  # noqa: S310 - likewise
        urllib.request.urlopen(request).close()  # noqa: S310 - likewise


@pytest.fixture
def storage() -> Iterator[Storage]:
    """An empty bucket, in memory."""
    port = free_port(0)
    server = create_server("127.0.0.1", port, in_memory=True, default_bucket=BUCKET)
    server.start()
    yield Storage(f"http://127.0.0.1:{port}")
    server.stop()


def set_remote(tree: Path) -> None:
    """Name it as DVC's own command does."""
    path = tree / ".dvc/config"
    text = path.read_text().replace("[core]\n", "[core]\n    remote = store\n")
    path.write_text(f"{text}['remote \"store\"']\n    url = gs://{BUCKET}/dvc\n")


def repro(
    tree: Path, storage: Storage | None, *options: str, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run the command with the emulator for Cloud Storage."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tree),
        # Cloud Storage's client takes it for the service's address.
        "STORAGE_EMULATOR_HOST": storage.url if storage else "",
        # The emulator knows plain buckets only.
        "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false",
    }
    return twinserve("repro", *options, cwd=tree, env=environment, code=code)


def object_of(tree: Path, path: str) -> str:
    """The name of an output's object in the bucket."""
    stages = yaml.safe_load((tree / "dvc.lock").read_text())["stages"]
    outs = {out["path"]: out["md5"] for stage in stages.values() for out in stage["outs"]}
    return f"dvc/files/md5/{outs[path][:2]}/{outs[path][2:]}"


@pytest.fixture
def pushed(storage: Storage, tmp_path: Path) -> Path:
    """A reproduced tree that has pushed."""
    tree = restored(tmp_path / "one")
    set_remote(tree)
    repro(tree, storage, "--pull", "--push")
    return tree


@pytest.fixture
def clone(pushed: Path, tmp_path: Path) -> Path:
    """Another machine's clone of it."""
    tree = export(tmp_path / "two")
    set_remote(tree)
    for name in ("dvc.lock", "evaluation/metrics.json", "models/model.pkl.sha256"):
        (tree / name).parent.mkdir(exist_ok=True)
        shutil.copy(pushed / name, tree / name)
    return tree


def test_what_one_machine_pushed_another_pulls(storage: Storage, pushed: Path, clone: Path) -> None:
    """Digests alone are made there, and everything is byte for byte the same, bundles too."""
    done = repro(clone, storage, "--pull", "--locked")
    running = [line for line in done.stdout.splitlines() if line.startswith("Running stage")]
    assert running == ["Running stage 'engine':"]
    assert digests(clone) == digests(pushed)


@pytest.mark.nightly
def test_what_was_never_pushed_is_made(storage: Storage, pushed: Path, clone: Path) -> None:
    """An object that the remote has not is no error: its stage runs, and gives the same."""
    storage.delete(object_of(pushed, MODEL))
    done = repro(clone, storage, "--pull", "--locked")
    assert "Running stage 'train'" in done.stdout
    assert digests(clone) == digests(pushed)


@pytest.mark.nightly
def test_tampered_object_is_refused(storage: Storage, pushed: Path, clone: Path) -> None:
    """An object that is not what its name says comes into no tree, and is named in one line."""
    storage.overwrite(object_of(pushed, MODEL), b"not the model")
    done = repro(clone, storage, "--pull", code=1)
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    # By the first of the two that are this object.
    assert "models/fitted.pkl" in line
    assert "refused" in line
    assert not (clone / MODEL).exists()


@pytest.mark.nightly
def test_without_a_remote_nothing_is_pulled_or_pushed(tmp_path: Path) -> None:
    """Both options say that there is none, and a model that is gone is reproduced."""
    tree = restored(tmp_path / "one")
    before = digests(tree)
    (tree / MODEL).unlink()
    shutil.rmtree(tree / ".dvc" / "cache")
    done = repro(tree, None, "--pull", "--push")
    assert "no remote is set: name one by `dvc remote add --default NAME URL`" in done.stdout
    assert digests(tree) == before
