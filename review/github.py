"""The pull request of a run, and the one comment that is kept up to date there; through ``gh``."""

import json
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any

from config.errors import UserError
from review.render import MARKER

# Anyone may write the marker; only what the workflow's own token wrote is ours to change.
AUTHOR = "github-actions[bot]"


def find_pull_request(repository: str, owner: str, branch: str, commit: str) -> int | None:
    """The open pull request of this branch at this commit; None if there is none any more.

    A ``workflow_run`` event lists none for a fork, hence the search.

    Raises:
        UserError: GitHub cannot be asked.
    """
    found = _api(
        "--method", "GET", f"repos/{repository}/pulls",
        "--raw-field", "state=open", "--raw-field", f"head={owner}:{branch}",
    )  # fmt: skip
    for one in found:
        if one["head"]["sha"] == commit:
            return int(one["number"])
    return None


def post(repository: str, number: int, text: str) -> str:
    """Write the comment, over the one of an earlier run if there is one; its URL.

    Raises:
        UserError: GitHub refuses.
    """
    pages = _api("--paginate", "--slurp", f"repos/{repository}/issues/{number}/comments")
    earlier = _ours(comment for page in pages for comment in page)
    if earlier is None:
        where, method = f"repos/{repository}/issues/{number}/comments", "POST"
    else:
        where, method = f"repos/{repository}/issues/comments/{earlier}", "PATCH"
    written = _api("--method", method, where, "--input", "-", body={"body": text})
    return str(written["html_url"])


def _ours(comments: Iterable[Mapping[str, Any]]) -> int | None:
    for comment in comments:
        if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARKER):
            return int(comment["id"])
    return None


def _api(*words: str, body: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 - JSON
    command = ["gh", "api", *words]
    try:
        done = subprocess.run(
            command,
            input=None if body is None else json.dumps(body),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise UserError("gh is not installed; GitHub's runners have it") from None
    if done.returncode:
        raise UserError(f"GitHub refuses `gh api {words[-1]}`: {done.stderr.strip()[:300]}")
    return json.loads(done.stdout)
