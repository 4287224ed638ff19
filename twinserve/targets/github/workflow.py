"""The run of a workflow that a command is a part of, where it is one."""

import os
from collections.abc import Mapping
from pathlib import Path

from twinserve.config.errors import UserError

_GITHUB = "https://github.com"


def set_outputs(outputs: Mapping[str, object]) -> None:
    """Give later steps and jobs these; at a desk, nobody."""
    if path := os.environ.get("GITHUB_OUTPUT"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.writelines(f"{name}={value}\n" for name, value in outputs.items())


def repository_to_tell() -> str:
    """The repository whose issues a nightly run opens and closes.

    Raises:
        UserError: this is no such run.
    """
    repository = os.environ.get("GITHUB_REPOSITORY")
    if not repository or not os.environ.get("GH_TOKEN"):
        raise UserError("set GITHUB_REPOSITORY and GH_TOKEN, as nightly.yml does")
    return repository


def run_url() -> str | None:
    """The page of the run; None at a desk."""
    server, repository, number = map(
        os.environ.get, ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if not repository or not number:
        return None
    return f"{server or _GITHUB}/{repository}/actions/runs/{number}"
