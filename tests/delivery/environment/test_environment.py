"""The environment of a build: from the bucket if it is there, else made; never a reason to fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import run, write_program
from tests.tree import ROOT
from twinserve.delivery.environment.kept import SOURCES

# A stand-in for `gcloud storage cp FROM TO`, with a folder for a bucket; what it cannot do it says
# as gcloud does.
GCLOUD = """\
import os, shutil, sys
from pathlib import Path
words = [word for word in sys.argv[1:] if not word.startswith("--")]
assert words[:2] == ["storage", "cp"], words
if os.environ.get("REFUSES") == "all":
    sys.exit("ERROR: (gcloud.storage.cp) HTTPError 403: denied")
bucket = Path(os.environ["BUCKET"])
def local(name):
    return bucket / name.removeprefix("gs://").replace("/", "_") if name.startswith("gs:") else name
source, target = map(local, words[2:])
if not os.path.exists(source):
    sys.exit(f"ERROR: (gcloud.storage.cp) The following URLs matched no objects: {words[2]}")
shutil.copy(source, target)
"""
# Makes what `make .venv/ready` does, as small as can be, and says that it did.
MAKE = """\
#!/bin/sh
echo "make $*"
[ "$1" = --touch ] && exec touch "$2"
mkdir -p .venv/bin && echo made > .venv/bin/python && touch .venv/ready
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A tree with locks, an empty bucket, and the two programs."""
    programs = tmp_path / "programs"
    for folder in (tmp_path / "bucket", tmp_path / "tree" / "locks"):
        folder.mkdir(parents=True)
    write_program(programs / "gcloud", GCLOUD)
    write_program(programs / "make", MAKE)
    for source in SOURCES:
        path = tmp_path / "tree" / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{source.stem}==1\n")
    return tmp_path


def prepare(workspace: Path, **variables: str) -> str:
    """Run the command as a build's step does: nothing installed; what it printed."""
    done = run(
        [sys.executable, "-S", "-m", "twinserve", "environment"],
        cwd=workspace / "tree",
        env={
            "PATH": f"{workspace / 'programs'}:{os.defpath}",
            "PYTHONPATH": str(ROOT),
            "BUCKET": str(workspace / "bucket"),
            "GOOGLE_CLOUD_PROJECT": "a-project",
            **variables,
        },
        code=0,
    )
    return done.stdout


def forget(workspace: Path) -> None:
    """Let the next build begin without an environment, as each does."""
    subprocess.run(["/bin/rm", "-r", str(workspace / "tree" / ".venv")], check=True)


def test_environment_is_made_once_for_each_lock(workspace: Path) -> None:
    """The second build takes what the first one kept; a changed lock is made anew."""
    assert prepare(workspace).startswith("make .venv/ready\nenvironment: kept at gs://a-project-")
    forget(workspace)
    told = prepare(workspace).splitlines()
    assert told[0] == "make --touch .venv/ready"
    assert told[1].startswith("environment: taken from gs://a-project-twinserve-releases/environm")
    assert (workspace / "tree" / ".venv" / "bin" / "python").read_text() == "made\n"
    forget(workspace)
    (workspace / "tree" / "locks" / "dev.txt").write_text("dev==2\n")
    assert prepare(workspace).startswith("make .venv/ready\n")
    assert len(list((workspace / "bucket").iterdir())) == 2


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_environment_is_made_anew_where_what_makes_it_has_changed(
    source: Path, workspace: Path
) -> None:
    """A kept one may lack what the installation has since put beside the packages: a command."""
    prepare(workspace)
    forget(workspace)
    (workspace / "tree" / source).write_text("another\n")
    assert prepare(workspace).startswith("make .venv/ready\n")


def test_every_place_that_keeps_it_names_the_same_files() -> None:
    """`make`, GitHub's cache and the bucket ask the same files whether it is still the one."""
    names = [source.as_posix() for source in SOURCES]
    action = (ROOT / ".github" / "actions" / "setup" / "action.yml").read_text()
    # A plug-in is asked for by DVC's configuration, and its lock says what it is.
    kept = [*names[:2], "locks/remote-*.txt", ".dvc/config", *names[2:]]
    assert f"hashFiles({', '.join(map(repr, kept))})" in action
    assert f"\n.venv/ready: {' '.join(names)}\n" in (ROOT / "Makefile").read_text()


def test_bucket_that_refuses_costs_time_alone(workspace: Path) -> None:
    """Neither reading nor writing it is needed: both are said, and the environment is there."""
    told = prepare(workspace, REFUSES="all").splitlines()
    assert "made anew, since the one that is kept cannot be had" in told[0]
    assert told[1] == "make .venv/ready"
    assert "not kept for later builds" in told[2]
    assert (workspace / "tree" / ".venv" / "ready").exists()


def test_without_gcloud_it_is_made_and_nothing_is_kept(workspace: Path) -> None:
    """A place that has no bucket to ask builds all the same, and is told so."""
    programs = workspace / "programs"
    (programs / "gcloud").unlink()
    for name in ("sh", "mkdir", "touch"):
        (programs / name).symlink_to(shutil.which(name) or name)
    told = prepare(workspace, PATH=str(programs), GOOGLE_CLOUD_PROJECT="").splitlines()
    assert told == [
        "environment: made here and kept nowhere, since gcloud is not on the PATH",
        "make .venv/ready",
    ]
    assert (workspace / "tree" / ".venv" / "ready").exists()
    assert list((workspace / "bucket").iterdir()) == []
