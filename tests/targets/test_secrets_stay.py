"""What lets somebody in never leaves a working tree: not in a commit, an upload, or an image."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.tools import require
from tests.tree import ROOT

SECRETS = (
    "gha-creds-0123456789abcdef.json",
    ".env",
    ".env.production",
    "server.pem",
    "service/server.key",
    "delivery/gha-creds-0123456789abcdef.json",
    "twinserve/config/.env",
    "home/application_default_credentials.json",
    ".netrc",
    ".dvc/config.local",
)
KEPT = (
    "params.yaml",
    "twinserve/delivery/release/transaction.py",
    "environment.md",
    "tests/google/keys.py",
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with the ignore files, secrets, and files that are none."""
    for name in (".gitignore", ".gcloudignore", ".dockerignore"):
        shutil.copy(ROOT / name, tmp_path / name)
    for name in (*SECRETS, *KEPT):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}\n")
    return tmp_path


def run(tree: Path, *command: str) -> set[str]:
    """The lines that a command prints in the folder."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tree.parent),
        "CLOUDSDK_CONFIG": str(tree.parent / "gcloud"),
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
    }
    done = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines())


def test_upload_to_google_holds_no_secret(tree: Path) -> None:
    """What `builds submit` would upload, as gcloud says itself."""
    listed = run(tree, require("gcloud"), "meta", "list-files-for-upload")
    assert listed >= set(KEPT)
    assert not listed & set(SECRETS)


def test_commit_holds_no_secret(tree: Path) -> None:
    """`git add --all` leaves them lying."""
    git = require("git")
    run(tree, git, "init", "--quiet")
    run(tree, git, "add", "--all")
    listed = run(tree, git, "ls-files")
    assert listed >= set(KEPT)
    assert not listed & set(SECRETS)


def test_image_leaves_out_what_an_upload_does() -> None:
    """Docker reads the same patterns in its own file."""
    assert (ROOT / ".dockerignore").read_text() == (ROOT / ".gcloudignore").read_text()
