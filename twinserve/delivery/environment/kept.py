"""The locked environment of a build: from the bucket if an earlier build made it, else kept there.

Runs before anything is installed, with what an image of Python brings, ``make`` and gcloud: so it
imports nothing that has to be installed. It is made for `cloudbuild.yaml`; a workflow of GitHub's
has GitHub's own cache (`.github/actions/setup`), a laptop its own folder.
"""

import argparse
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.delivery.environment.install import libraries
from twinserve.delivery.environment.remotes import marks
from twinserve.delivery.names import releases_bucket
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason, current_project

FOLDER = "environments"
READY = ".venv/ready"
# What decides what is in it, besides the Python and what the tree asks for besides: the files that
# `make .venv/ready` depends on.
SOURCES = (
    Path("locks/bootstrap.txt"),
    Path("locks/dev.txt"),
    Path("twinserve/delivery/environment/install.py"),
)
# Packing twice as tight takes four times as long, of which the first build has to wait.
PACK = "gzip -1"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project."""
    parser.add_argument("--project", help="id; else $GOOGLE_CLOUD_PROJECT")


def run(arguments: argparse.Namespace) -> None:
    """See ``prepare``; where there is no gcloud, there is nothing to take it from."""
    if shutil.which("gcloud") is None:
        _say("made here and kept nowhere, since gcloud is not on the PATH")
        _run("make", READY)
        return
    prepare(Gcloud(current_project(arguments.project)))


def prepare(gcloud: Gcloud) -> None:
    """Have ``.venv``: from the bucket, or made here and put there.

    A bucket that cannot be read or written costs time and no more: it is said, and all goes on.

    Raises:
        UserError: the environment cannot be made.
    """
    url = f"gs://{releases_bucket(gcloud.project)}/{FOLDER}/{key()}.tar.gz"
    with tempfile.TemporaryDirectory() as directory:
        archive = Path(directory) / "environment.tar.gz"
        if _fetch(gcloud, url, archive):
            _run("tar", "--extract", "--gzip", f"--file={archive}")
            # The files that were unpacked just now are newer than what was made of them.
            _run("make", "--touch", READY)
            _say(f"taken from {url}")
            return
        _run("make", READY)
        _run("tar", "--create", f"--use-compress-program={PACK}", f"--file={archive}", ".venv")
        try:
            gcloud.change_text("storage", "cp", str(archive), url)
        except GcloudError as error:
            _say(f"not kept for later builds: {error}")
        else:
            _say(f"kept at {url}")


def key() -> str:
    """The name of what these files give under this Python, at this place."""
    content = hashlib.sha256()
    for source in SOURCES:
        content.update(source.read_bytes())
    # Scripts in an environment name its Python by path, and its own path.
    place = str(Path.cwd())
    for fact in (sys.version, sys.base_prefix, platform.machine(), place, *libraries(), *marks()):
        content.update(fact.encode())
    return content.hexdigest()[:16]


def _fetch(gcloud: Gcloud, url: str, archive: Path) -> bool:
    try:
        gcloud.read_text("storage", "cp", url, str(archive))
    except GcloudError as error:
        if error.reason is not Reason.NOT_FOUND:
            _say(f"made anew, since the one that is kept cannot be had: {error}")
        return False
    return True


def _run(*command: str) -> None:
    done = subprocess.run(command, env=user_environment(), check=False)
    if done.returncode:
        raise UserError(f"`{' '.join(command)}` failed: its last lines above say why")


def _say(line: str) -> None:
    sys.stdout.write(f"environment: {line}\n")
    sys.stdout.flush()
