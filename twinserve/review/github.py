"""The pull request of a run, and the one comment that is kept up to date there; through ``gh``."""

from collections.abc import Iterable, Mapping
from typing import Any

from twinserve.review.render import MARKER
from twinserve.targets.github.api import AUTHOR, api, search


def find_pull_request(repository: str, owner: str, branch: str, commit: str) -> int | None:
    """The open pull request of this branch at this commit; None if there is none any more.

    A ``workflow_run`` event lists none for a fork, hence the search.

    Raises:
        UserError: GitHub cannot be asked.
    """
    for pull_request in search(f"repos/{repository}/pulls", state="open", head=f"{owner}:{branch}"):
        if pull_request["head"]["sha"] == commit:
            return int(pull_request["number"])
    return None


def post(repository: str, number: int, text: str) -> str:
    """Write the comment, over the one of an earlier run if there is one; its URL.

    Raises:
        UserError: GitHub refuses.
    """
    earlier = _ours(search(f"repos/{repository}/issues/{number}/comments"))
    if earlier is None:
        where, method = f"repos/{repository}/issues/{number}/comments", "POST"
    else:
        where, method = f"repos/{repository}/issues/comments/{earlier}", "PATCH"
    written = api(where, method, {"body": text})
    return str(written["html_url"])


def _ours(comments: Iterable[Mapping[str, Any]]) -> int | None:
    for comment in comments:
        if comment["user"]["login"] == AUTHOR and comment["body"].startswith(MARKER):
            return int(comment["id"])
    return None
