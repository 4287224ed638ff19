"""GitHub's events, as its webhook documentation has them, in the parts that are read here."""

from typing import Any

HEAD = "a" * 40
BASE = "b" * 40
REPOSITORY = {"full_name": "owner/twinserve", "default_branch": "main", "private": False}
FORK = {"full_name": "stranger/twinserve", "owner": {"login": "stranger"}}
OURS = {"full_name": "owner/twinserve", "owner": {"login": "owner"}}


def pull_request(*, fork: bool = False) -> dict[str, Any]:
    """A pull request was opened, or pushed to."""
    return {
        "action": "synchronize",
        "repository": REPOSITORY,
        "pull_request": {
            "number": 7,
            "user": {"login": "stranger" if fork else "owner"},
            "head": {"ref": "topic", "sha": HEAD, "repo": FORK if fork else OURS},
            "base": {"ref": "main", "sha": BASE, "repo": REPOSITORY},
        },
    }


def workflow_run(
    *, fork: bool = False, event: str = "pull_request", conclusion: str = "success"
) -> dict[str, Any]:
    """The run of another workflow ended; of a fork's, GitHub leaves ``pull_requests`` empty."""
    return {
        "action": "completed",
        "repository": REPOSITORY,
        "workflow_run": {
            "id": 4711,
            "event": event,
            "conclusion": conclusion,
            "head_branch": "topic",
            "head_sha": HEAD,
            "head_repository": FORK if fork else OURS,
            "html_url": "https://github.com/owner/twinserve/actions/runs/4711",
            "pull_requests": [],
        },
    }


def push(branch: str = "main", *, private: bool = False) -> dict[str, Any]:
    """Commits were pushed."""
    repository = {**REPOSITORY, "private": private}
    return {"ref": f"refs/heads/{branch}", "after": HEAD, "repository": repository}


def dispatch(**inputs: str) -> dict[str, Any]:
    """Somebody started the workflow by hand."""
    return {"ref": "refs/heads/main", "inputs": inputs, "repository": REPOSITORY}


def schedule() -> dict[str, Any]:
    """The hour has come."""
    return {"schedule": "17 3 * * *", "repository": REPOSITORY}
