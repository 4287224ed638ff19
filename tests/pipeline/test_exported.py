"""Steps of cloudbuild.yaml where they run: files without history, and the image's programs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.pipeline.builds.cloud_build import read, steps
from tests.pipeline.surroundings import copy_files
from tests.tools import require, run
from tests.tree import ROOT

# Of python:3.11-bookworm, as far as a step may want them: no gcloud and no container engine.
PROGRAMS = (
    "ar", "awk", "basename", "bash", "cat", "chmod", "cp", "curl", "cut", "date", "dirname", "echo",
    "env", "false", "find", "gcc", "getconf", "git", "grep", "gzip", "head", "id", "ld", "ldd",
    "ln", "ls", "make", "mkdir", "mktemp", "mv", "nproc", "readlink", "rm", "sed", "sh", "sleep",
    "sort", "tail", "tar", "test", "touch", "tr", "true", "uname", "xargs",
)  # fmt: skip
ABSENT = ("gcloud", "docker", "podman", "runc", "mmdebstrap")
# Of this run, which is one inside another; the image has none of them.
OWN = ("COV", "GITHUB_", "GOOGLE_", "MAKE", "MFLAGS", "PYTEST", "REQUIRE_TOOLS", "VIRTUAL_ENV")
# The whole of the suite there takes as long as here; a part has every kind of test.
PART = "--shard=1/8"

pytestmark = pytest.mark.nightly


def export(directory: Path) -> Path:
    """The files that git has, or would have, by a repository of the test's own."""
    git = [require("git"), f"--git-dir={directory / 'git'}", f"--work-tree={ROOT}"]
    subprocess.run([*git, "init", "--quiet"], cwd=ROOT, check=True)
    words = [*git, "ls-files", "--others", "--exclude-standard"]
    done = run(words, cwd=ROOT, code=0)
    tree = directory / "tree"
    tree.mkdir()
    copy_files(done.stdout.splitlines(), tree)
    return tree


def image(directory: Path) -> Path:
    """A PATH with the image's programs and no other."""
    folder = directory / "bin"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).symlink_to(require(name))
    (folder / "python3").symlink_to(Path(sys.executable).resolve())
    assert not [name for name in ABSENT if shutil.which(name, path=str(folder))]
    return folder


def test_steps_are_green_without_history_and_tools(tmp_path: Path) -> None:
    """Environment, reproduction, tests and verification: whatever comes before the two clients."""
    tree, path = export(tmp_path), image(tmp_path)
    given = {name: text for name, text in os.environ.items() if not name.startswith(OWN)}
    environment = given | {"PATH": str(path), "HOME": str(tmp_path), "PYTEST_ADDOPTS": PART}
    ran = []
    # What the step `environment` does before it keeps it in the bucket (test_environment.py).
    run_there(["make", ".venv/ready"], tree, environment)
    for step in steps(read(ROOT / "cloudbuild.yaml")):
        if not step.image.startswith("python:") or step.environment:
            continue
        run_there(step.command, tree, environment)
        ran.append(step.id)
    assert set(ran) == {"reproduce", "test", "bundle"}


def run_there(command: Sequence[str], tree: Path, environment: Mapping[str, str]) -> None:
    """Run a command, which must succeed."""
    done = subprocess.run(
        command,
        cwd=tree,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout[-6000:]}"
