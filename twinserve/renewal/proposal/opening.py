"""The pull request of a kind: opened, or brought up to date in place, with the report as its text.

Sources: GitHub's documentation, "Triggering a workflow from a workflow" and "GITHUB_TOKEN": what a
workflow's own token does starts no workflow, and runs of a pull request that it has opened or
pushed to wait for the approval of someone with write access (changelog of 11 June 2026); an
App's token starts them. "Managing GitHub Actions settings for a repository": whether Actions may
open pull requests at all.
"""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.probe.history import PROJECT, challenges_for
from twinserve.renewal.branch import Branch
from twinserve.renewal.page import markdown
from twinserve.renewal.proposal import merging
from twinserve.renewal.proposal.objects import add_objects
from twinserve.renewal.proposal.outcome import Left, Outcome, fetch_bundle, read_left
from twinserve.renewal.report import Report
from twinserve.review.render import code, fitted
from twinserve.targets.git import Checkout, Setting
from twinserve.targets.github.api import GitHubError, api, search
from twinserve.targets.github.issue import Issue

LABEL = "renewal"
BASE = "main"
SERVER = "https://github.com"
# Who runs the pull request's checks: the run that opens it, GitHub as of anybody's, or nobody.
Checks = Literal["here", "github", "none"]
BY_APP = "An App has opened this, so its checks run as of anybody's pull request."
BY_WORKFLOW = (
    "The workflow's own token has opened this, and runs of such a pull request wait for "
    "approval. So the run that opened it runs the same checks on this commit, and posts the result "
    "as the status `All green`. Where that status is missing, somebody with write access presses "
    "*Approve workflows to run* below."
)
NOT_ALLOWED = (
    "This repository does not let Actions open pull requests (Settings, Actions, General: *Allow "
    "GitHub Actions to create and approve pull requests*). The branch is pushed; "
    "[open its pull request]({link}), whose checks then run as of anybody's."
)


@dataclass(frozen=True, slots=True)
class Repository:
    """Where the pull request is opened, and as whom.

    Attributes:
        app: whether the token is an App's.
    """

    name: str
    token: str
    app: bool

    @property
    def owner(self) -> str:
        """The account that the repository is of."""
        return self.name.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Opened:
    """What the jobs that follow are told.

    Attributes:
        merge: whether the run merges it once its checks have passed.
    """

    line: str
    checks: Checks = "none"
    number: int | None = None
    base: str = ""
    head: str = ""
    merge: bool = False


def read_repository() -> Repository:
    """From the workflow's environment.

    Raises:
        UserError: a variable is missing.
    """
    name, token = os.environ.get("GITHUB_REPOSITORY"), os.environ.get("GH_TOKEN")
    if not name or not token:
        raise UserError("set GITHUB_REPOSITORY and GH_TOKEN, as renew.yml does")
    return Repository(name, token, app=bool(os.environ.get("APP")))


def open_left(folder: Path, repository: Repository) -> Opened:
    """Do what an outcome asks for.

    Raises:
        UserError: what was left is refused, or GitHub refuses.
    """
    left = read_left(folder)
    outcome = left.outcome
    if outcome.state == "refused":
        return Opened(_issue(repository, outcome).say(_title(outcome), code(outcome.line)))
    closed = _close_issue(repository, outcome)
    if left.report is None:
        return Opened(f"{outcome.line}{closed}{_keep(outcome)}")
    return _propose(folder, repository, left, left.report)


def _title(outcome: Outcome) -> str:
    return f"The renewal of {outcome.kind} is refused"


def _issue(repository: Repository, outcome: Outcome) -> Issue:
    return Issue(repository.name, LABEL, f"<!-- twinserve: renewal of {outcome.kind} -->")


def _close_issue(repository: Repository, outcome: Outcome) -> str:
    issue = _issue(repository, outcome)
    number = _find(issue)
    if number is None:
        return ""
    return f"; {issue.close(number, 'The renewal has gone through.')}"


def _find(issue: Issue) -> int | None:
    """The open issue; none where issues are off, as in every fork."""
    try:
        return issue.find()
    except GitHubError as error:
        if error.status != HTTPStatus.GONE:
            raise
        return None


def _keep(outcome: Outcome) -> str:
    """Put a model that has lost into the history; where it is now, as the end of a line."""
    if outcome.challenge is None:
        return ""
    params = load_params()
    if params.history.deployed == PROJECT and not os.environ.get("GOOGLE_CLOUD_PROJECT"):
        return "; kept in no history, since no project is named"
    history = challenges_for(params, deployed=True, project=None)
    return f"; kept: {history.append(outcome.challenge)}"


def _propose(folder: Path, repository: Repository, left: Left, report: Report) -> Opened:
    own = Checkout(Path.cwd(), _login(repository.token))
    branch = Branch(own, left.outcome.kind)
    head = fetch_bundle(folder, own, branch.name, left.outcome.kind)
    there = _fetch(own, branch)
    if there and (person := branch.commit_of_a_person(there)):
        return Opened(f"{branch.name} is left as it is: it has a commit of a person's ({person})")
    added = add_objects(folder, own, head)
    words = ("push", "--quiet", f"--force-with-lease={branch.name}:{there}")
    own.ask(*words, "origin", f"{head}:refs/heads/{branch.name}")
    base = own.ask("rev-parse", f"{head}^")
    named = merging.is_named(left.outcome.kind)
    merge = named and merging.is_proved(report)
    more = (merging.WILL if merge else merging.WILL_NOT,) if named else ()
    opened = _open(repository, branch, report, more)
    line = "; ".join(filter(None, [added, opened.line]))
    if opened.pull is None:
        return Opened(line)
    if repository.app:
        merging.settle_auto_merge(repository.name, opened.pull, head, wanted=merge)
    checks: Checks = "github" if repository.app else "here"
    number = int(opened.pull["number"])
    return Opened(line, checks, number, base, head, merge and not repository.app)


def _login(token: str) -> tuple[Setting, ...]:
    """As GitHub's own checkout logs in; no other process sees it."""
    basic = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    return (Setting(f"http.{SERVER}/.extraheader", f"AUTHORIZATION: basic {basic}"),)


def _fetch(own: Checkout, branch: Branch) -> str:
    """The commit that the remote's branch is at; empty where there is none."""
    listed = own.ask("ls-remote", "origin", f"refs/heads/{branch.name}").split()
    if not listed:
        return ""
    own.ask("fetch", "--quiet", "--no-tags", "origin", listed[0])
    return listed[0]


@dataclass(frozen=True, slots=True)
class _Shown:
    """A line that says what became of the pull request, and the API's description of it."""

    line: str
    pull: Mapping[str, Any] | None = None


def _open(repository: Repository, branch: Branch, report: Report, more: tuple[str, ...]) -> _Shown:
    pulls = f"repos/{repository.name}/pulls"
    how = (BY_APP if repository.app else BY_WORKFLOW, *more)
    text = {"title": report.subject, "body": fitted([*markdown(report).split("\n\n"), *how])}
    there = search(pulls, state="open", head=f"{repository.owner}:{branch.name}")
    try:
        if there:
            made = api(f"{pulls}/{there[0]['number']}", "PATCH", text)
        else:
            made = api(pulls, "POST", {**text, "head": branch.name, "base": BASE})
    except GitHubError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        told = _tell_link(repository, branch, report.subject)
        return _Shown(f"GitHub lets this token open no pull request; {told}")
    issue = _link_issue(repository, branch)
    if (number := _find(issue)) is not None:
        issue.close(number, f"Open: {made['html_url']}.")
    return _Shown(f"{'brought up to date' if there else 'opened'}: {made['html_url']}", made)


def _link_issue(repository: Repository, branch: Branch) -> Issue:
    return Issue(repository.name, LABEL, f"<!-- twinserve: pull request {branch.name} -->")


def _tell_link(repository: Repository, branch: Branch, subject: str) -> str:
    """Have an issue say how a person opens the pull request; without issues, the line does."""
    link = f"{SERVER}/{repository.name}/compare/{BASE}...{branch.name}?expand=1"
    issue = _link_issue(repository, branch)
    try:
        return issue.say(f"{subject}: open the pull request", NOT_ALLOWED.format(link=link))
    except GitHubError as error:
        return f"nor an issue ({error}): open the pull request at {link}"
