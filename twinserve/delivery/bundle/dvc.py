"""DVC's commands, with a history or without one, and its remote as ``params.yaml`` sets it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.variables import REMOTES, tool_environment

DIRECTORY = ".dvc"
REMOTE = "store"
# What `dvc status --cloud` calls an object that the remote has and this machine has not.
ONLY_THERE = "deleted"


def dvc(*words: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    """Run DVC; what it prints is shown as it comes, unless its stdout is wanted."""
    environment = tool_environment(REMOTES) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_NO_ANALYTICS": "1",
    }
    return subprocess.run(
        [sys.executable, "-m", "dvc", *words],
        env=environment,
        stdout=subprocess.PIPE if capture else None,
        text=True,
        check=False,
    )


def prepare() -> None:
    """Tell DVC so where there is no history: a cloud build gets the files alone."""
    if not Path(".git").exists():
        with local_options() as options:
            options["core"]["no_scm"] = True


def open_remote() -> bool:
    """Point DVC at the remote of ``params.yaml``; False if it names none."""
    url = load_params().storage.dvc_remote
    if url is None:
        print("no remote is set (storage.dvc_remote in params.yaml): nothing to pull or push")
        return False
    with local_options() as options:
        remote = options["remote"].setdefault(REMOTE, {})
        # Without `verify` DVC takes an object at its name's word: a tampered object would come in.
        remote |= {"url": url, "verify": True}
        options["core"]["remote"] = REMOTE
    return True


def pull() -> None:
    """Fetch what the remote has of ``dvc.lock``'s outputs; what it has not is made later.

    Raises:
        UserError: the remote cannot be read, or holds an object that is not what its name says.
    """
    if dvc("pull", "--allow-missing").returncode:
        raise UserError("dvc pull failed; DVC's own line above says why")
    status = dvc("status", "--cloud", "--json", capture=True)
    if status.returncode:
        raise UserError("dvc status --cloud failed; DVC's own line above says why")
    refused = sorted(
        name for name, state in json.loads(status.stdout).items() if state == ONLY_THERE
    )
    if refused:
        raise UserError(
            f"the remote's copy of {', '.join(refused)} is not what dvc.lock says and was refused; "
            "find out who wrote it, delete the object, and push again from a clean clone"
        )


def push() -> None:
    """Put every output of ``dvc.lock`` into the remote.

    Raises:
        UserError: the remote cannot be written.
    """
    if dvc("push").returncode:
        raise UserError("dvc push failed; DVC's own line above says why")


@contextmanager
def local_options(tree: Path = Path()) -> Iterator[dict[str, Any]]:
    """The options of one tree alone, by section, to be changed: DVC's own editor of them.

    Raises:
        UserError: DVC cannot read its configuration.
    """
    # Half a second, so only where it is needed.
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        with Config(str(tree / DIRECTORY), validate=False).edit("local") as options:
            yield options
    except DvcException as error:
        why = " ".join(str(error).split())
        raise UserError(f"DVC cannot read its configuration: {why}") from None
