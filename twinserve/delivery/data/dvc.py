"""DVC's commands and its configuration, with a history or without one."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.variables import REMOTES, tool_environment
from twinserve.delivery.data.login import logged_in

DIRECTORY = ".dvc"
PIPELINE = "dvc.yaml"
# A secret of a workflow or a build: the text of `.dvc/config.local`, for a remote whose login is
# not one of Google's.
LOGIN = "DVC_CONFIG_LOCAL"
# What `dvc status --cloud` calls an object that the remote has and this machine has not.
ONLY_THERE = "deleted"


def dvc(
    *words: str, capture: bool = False, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run DVC; what it prints is shown as it comes, unless its stdout is wanted.

    ``variables`` are for the stages.
    """
    return run_module("dvc", *words, capture=capture, variables=variables)


def run_module(
    module: str, *words: str, capture: bool, variables: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a module that is DVC, or uses it: remotes' variables reach no other."""
    environment = tool_environment(REMOTES) | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
        "DVC_NO_ANALYTICS": "1",
    }
    with logged_in() as login:
        return subprocess.run(
            [sys.executable, "-m", module, *words],
            env=environment | login | dict(variables or {}),
            stdout=subprocess.PIPE if capture else None,
            text=True,
            check=False,
        )


def prepare() -> None:
    """Tell DVC where there is no history, and what a workflow's secret says of a remote's login.

    A cloud build gets the files alone.

    Raises:
        UserError: the secret is no configuration of DVC's.
    """
    given = os.environ.get(LOGIN)
    if Path(".git").exists() and not given:
        return
    with local_options() as options:
        if not Path(".git").exists():
            options["core"]["no_scm"] = True
        if given:
            _take(options, given)


def _take(options: dict[str, Any], text: str) -> None:
    """Merge a configuration's text into options.

    Raises:
        UserError: it is none.
    """
    from dvc.config import Config, ConfigError, merge

    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        try:
            merge(options, Config.load_file(file.name))
        except ConfigError:
            # What stands there is nobody's to read.
            raise UserError(f"${LOGIN}: not as .dvc/config.local is written") from None


def pull() -> None:
    """Fetch what the remote has of the stages' outputs; what it has not is made later.

    Raises:
        UserError: the remote cannot be read, or holds an object that is not what its name says.
    """
    if dvc("pull", "--allow-missing", PIPELINE).returncode:
        raise UserError("dvc pull failed; DVC's own line above says why")
    status = dvc("status", "--cloud", "--json", PIPELINE, capture=True)
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
    """Put every source and every output of the stages into the remote, and what they came from.

    Raises:
        UserError: the remote cannot be written.
    """
    # DVC leaves the run cache out by itself where a remote cannot hold one.
    if dvc("push", "--run-cache").returncode:
        raise UserError("dvc push failed; DVC's own line above says why")


def configuration(tree: Path = Path()) -> Mapping[str, Any]:
    """DVC's options by section: the tree's, its own alone, the user's and the machine's.

    Raises:
        UserError: DVC cannot read its configuration.
    """
    # Half a second, so only where it is needed.
    from dvc.config import Config
    from dvc.exceptions import DvcException

    try:
        options: Mapping[str, Any] = Config(str(tree / DIRECTORY), validate=False)
    except DvcException as error:
        raise _unreadable(error) from None
    return options


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
        raise _unreadable(error) from None


def share_options(tree: Path) -> None:
    """Give another tree what this one alone is told: above all, how it logs in to its remotes.

    Raises:
        UserError: DVC cannot read its configuration.
    """
    from dvc.config import Config, merge
    from dvc.exceptions import DvcException

    try:
        own = Config(DIRECTORY, validate=False).read("local")
    except DvcException as error:
        raise _unreadable(error) from None
    with local_options(tree) as options:
        merge(options, own)


def _unreadable(error: Exception) -> UserError:
    return UserError(f"DVC cannot read its configuration: {' '.join(str(error).split())}")
