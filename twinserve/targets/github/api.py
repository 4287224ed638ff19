"""GitHub's API through its command ``gh``; a public repository's id also without."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.variables import user_environment
from twinserve.targets.opener import ask

API = "https://api.github.com"
LIMIT_S = 30.0
# Anyone may write what we write; only what the workflow's own token wrote is ours to change.
AUTHOR = "github-actions[bot]"


class GitHubError(UserError):
    """A call that GitHub refused.

    Attributes:
        status: of the answer; 0 where there was none.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Identity:
    """The ids of a repository, which are its own for good: names can be given to another one.

    Source: GitHub, "OpenID Connect reference", ``repository_id`` and ``repository_owner_id``.
    """

    repository: int
    owner: int


def has_gh() -> bool:
    """Whether the command is there."""
    return shutil.which("gh") is not None


def api(path: str, method: str = "GET", body: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401 - JSON
    """The answer to a call of GitHub's REST API; None where it is empty.

    Raises:
        GitHubError: gh is not there, GitHub refuses, or nobody is logged in.
    """
    return _call(path, method, [], body)


def search(path: str, **fields: str) -> list[Any]:
    """Every entry of a list, whatever the number of its pages.

    Raises:
        GitHubError: as of ``api``.
    """
    words = ["--paginate", "--slurp"]
    for name, value in fields.items():
        words += ["--raw-field", f"{name}={value}"]
    return [entry for page in _call(path, "GET", words, None) for entry in page]


def _call(path: str, method: str, words: Sequence[str], body: Mapping[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
    command = ["gh", "api", "--method", method, path, *words]
    if body is not None:
        command += ["--input", "-"]
    try:
        done = subprocess.run(
            command,
            env=user_environment(),
            input=None if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise GitHubError("gh is not installed; GitHub's runners have it", 0) from None
    if done.returncode:
        said = " ".join(done.stderr.split())[:300]
        match = re.search(r"HTTP (\d+)", said)
        status = int(match[1]) if match else 0
        raise GitHubError(f"GitHub refuses {method} {path}: {said}", status)
    return json.loads(done.stdout) if done.stdout.strip() else None


def find(path: str) -> Any:  # noqa: ANN401 - JSON
    """The answer to a question; None where there is no such thing.

    Raises:
        GitHubError: it is refused otherwise.
    """
    try:
        return api(path)
    except GitHubError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def identity_of(repository: str) -> Identity:
    """The ids of ``OWNER/REPO``.

    Raises:
        UserError: GitHub shows no such repository.
    """
    raw = find(f"repos/{repository}") if has_gh() else _public(repository)
    if raw is None:
        raise UserError(
            f"GitHub shows no repository {repository}: check the name; if it is private, install "
            "gh (https://cli.github.com) and log in with `gh auth login`"
        )
    return Identity(int(raw["id"]), int(raw["owner"]["id"]))


def _public(repository: str) -> Any:  # noqa: ANN401 - JSON
    """What everyone is shown; None where that is nothing."""
    url = f"{API}/repos/{repository}"
    try:
        answer = ask(url, LIMIT_S)
    except OSError as error:
        raise UserError(f"{url}: no answer ({error})") from None
    if answer.status == HTTPStatus.NOT_FOUND:
        return None
    if answer.status != HTTPStatus.OK:
        raise UserError(f"{url}: status {answer.status}")
    return json.loads(answer.body)
