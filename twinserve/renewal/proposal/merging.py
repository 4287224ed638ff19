"""A pull request that is merged without anybody, where ``renewal.merge`` names its kind.

Through the check that main's rule asks for, as anybody's. Sources: GitHub's REST API, "Merge a
pull request" (``sha``: what the head must still be, else 409; 405 where a rule is not kept) and
"Create a workflow dispatch event" (of a branch or a tag, never of a commit); its documentation,
"Triggering a workflow from a workflow" (of what a workflow's own token does, a merge too, nothing
starts a workflow but a dispatch) and "Automatically merging a pull request" (GitHub merges by
itself what a rule asks something of, where the repository allows that); GraphQL's
``enablePullRequestAutoMerge``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.cloud.repository import BRANCH, CHECK, DEPLOYS, has_rule
from twinserve.measure.statistics import Outcome
from twinserve.renewal.proposal.outcome import Kind
from twinserve.renewal.report import Report
from twinserve.targets.github.api import GitHubError, api

SETTING = "renewal.merge"
WILL = f"`{SETTING}` names this kind: it is merged without anybody once `{CHECK}` has passed."
WILL_NOT = (
    f"`{SETTING}` names this kind, but the new model is not proved to be no worse: somebody reads "
    "the comparison, and merges."
)
ENABLE = """\
mutation($id: ID!, $head: GitObjectID!) {
  enablePullRequestAutoMerge(
    input: {pullRequestId: $id, expectedHeadOid: $head, mergeMethod: MERGE}
  ) { clientMutationId }
}
"""
DISABLE = """\
mutation($id: ID!) {
  disablePullRequestAutoMerge(input: {pullRequestId: $id}) { clientMutationId }
}
"""
VARIABLES = ("GITHUB_REPOSITORY", "GH_TOKEN", "HEAD_SHA", "NUMBER")


@dataclass(frozen=True, slots=True)
class Passed:
    """A commit whose checks have passed, and the pull request that it is the head of."""

    repository: str
    commit: str
    number: int


def is_named(kind: Kind) -> bool:
    """Whether the setting names the kind; as this checkout has it, which is main's."""
    return kind in load_params().renewal.merge


def is_proved(report: Report) -> bool:
    """Whether no model is served by it that might be worse."""
    return not report.duels or report.duels[0].outcome is Outcome.KEPT


def require_rule(repository: str) -> None:
    """Refuse to merge where nothing would be asked first.

    Raises:
        UserError: main has no rule that asks for the check.
    """
    if not has_rule(f"repos/{repository}"):
        raise UserError(
            f"{SETTING}: no rule of {BRANCH} asks for {CHECK!r}, and nothing is merged without: "
            "`twinserve bootstrap` makes the rule"
        )


def settle_auto_merge(repository: str, pull: Mapping[str, Any], head: str, *, wanted: bool) -> None:
    """Have GitHub merge a pull request of the App's once its checks have passed, or no more.

    What somebody else has switched on stays.

    Raises:
        UserError: no rule asks for the check, or GitHub does not allow it.
    """
    enabled = pull.get("auto_merge")
    name = {"id": pull["node_id"]}
    if wanted and not enabled:
        require_rule(repository)
        try:
            api("graphql", "POST", {"query": ENABLE, "variables": {**name, "head": head}})
        except GitHubError as error:
            raise UserError(
                f"{pull['html_url']} is open, but is not merged by itself as {SETTING} says: "
                f"{error}; `gh repo edit --enable-auto-merge` lets GitHub do it"
            ) from None
    elif enabled and not wanted and enabled["enabled_by"]["login"] == pull["user"]["login"]:
        api("graphql", "POST", {"query": DISABLE, "variables": name})


def read_passed() -> Passed:
    """From the workflow's environment.

    Raises:
        UserError: a variable is missing.
    """
    if missing := [name for name in VARIABLES if not os.environ.get(name)]:
        raise UserError(f"set {', '.join(missing)}, as renew.yml does")
    read = os.environ
    return Passed(read["GITHUB_REPOSITORY"], read["HEAD_SHA"], int(read["NUMBER"]))


def merge(passed: Passed) -> str:
    """Merge that very commit with the workflow's own token, and start the release of main.

    Raises:
        UserError: no rule asks for the check, GitHub does not merge, or does not start the release.
    """
    here = f"repos/{passed.repository}"
    require_rule(passed.repository)
    wanted = {"sha": passed.commit, "merge_method": "merge"}
    try:
        made = api(f"{here}/pulls/{passed.number}/merge", "PUT", wanted)
    except GitHubError as error:
        if error.status == HTTPStatus.CONFLICT:
            return f"left open: pull request {passed.number} has another commit since its checks"
        raise UserError(
            f"{error}; merge pull request {passed.number} by hand, or take its kind out of "
            f"{SETTING}"
        ) from None
    merged = f"merged as {made['sha'][:12]}"
    try:
        api(f"{here}/actions/workflows/{DEPLOYS}/dispatches", "POST", {"ref": BRANCH})
    except GitHubError as error:
        raise UserError(
            f"{merged}, but nothing is released: {error}; `gh workflow run {DEPLOYS}` starts it"
        ) from None
    return f"{merged}; started: {DEPLOYS}"
