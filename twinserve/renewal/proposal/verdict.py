"""How the checks ended that ran beside a pull request: its required status, and the comment.

Sources: GitHub's documentation, "Status checks" (whoever may write to a repository may set any
status) and its REST API, "Commit statuses". A ruleset asks for the name; one that asks for an App
besides takes a status of Actions' own token as GitHub Actions'.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.delivery.cloud.repository import CHECK
from twinserve.review.github import post
from twinserve.review.render import render
from twinserve.review.report import load_untrusted
from twinserve.targets.github.api import GitHubError, api
from twinserve.targets.github.workflow import run_url

STATES = {"success": "success", "failure": "failure", "cancelled": "error"}
BY_HAND = (
    "**The checks of this commit ended with `{result}`** ([run]({run_url})), and GitHub does not "
    "let the workflow say so as a status ({why}). Somebody with write access presses *Approve "
    "workflows to run*."
)
VARIABLES = ("GITHUB_REPOSITORY", "GH_TOKEN", "HEAD_SHA", "NUMBER", "RESULT", "GITHUB_RUN_ID")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What ended how, and where it is told."""

    repository: str
    commit: str
    number: int
    result: str
    run_url: str


def read_verdict() -> Verdict:
    """From the workflow's environment.

    Raises:
        UserError: a variable is missing.
    """
    if missing := [name for name in VARIABLES if not os.environ.get(name)]:
        raise UserError(f"set {', '.join(missing)}, as renew.yml does")
    return Verdict(
        os.environ["GITHUB_REPOSITORY"],
        os.environ["HEAD_SHA"],
        int(os.environ["NUMBER"]),
        os.environ["RESULT"],
        run_url() or "",
    )


def tell(figures: Path, verdict: Verdict) -> list[str]:
    """Post the status and the comment; what became of each, in a line.

    Raises:
        UserError: GitHub refuses the comment, or the figures are refused.
    """
    lines, refused = [], ""
    status = {
        "state": STATES.get(verdict.result, "error"),
        "context": CHECK,
        "description": f"ended with {verdict.result}",
        "target_url": verdict.run_url,
    }
    try:
        api(f"repos/{verdict.repository}/statuses/{verdict.commit}", "POST", status)
        lines.append(f"{CHECK}: {status['state']}")
    except GitHubError as error:
        lines.append(f"no status: {error}")
        refused = BY_HAND.format(result=verdict.result, run_url=verdict.run_url, why=error.status)
    text = ""
    if figures.exists():
        text = render(load_untrusted(figures), verdict.run_url, verdict.commit)
    if text or refused:
        said = "\n\n".join(filter(None, [text, refused]))
        lines.append(f"written: {post(verdict.repository, verdict.number, said)}")
    return lines
