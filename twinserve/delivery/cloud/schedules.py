"""Schedules and issues, which GitHub leaves off in a fork; needs nothing installed.

Sources: GitHub's documentation, "Disabling and enabling a workflow" (scheduled workflows are off in
a fork until they are enabled); its REST API, "Workflows" (``state``) and "Repositories"
(``has_issues``).
"""

import argparse
import os
from collections.abc import Mapping, Sequence
from typing import Any

from twinserve.config.errors import UserError
from twinserve.targets.github.api import api

ACTIVE = "active"
# The workflows that have a schedule, with what is lost while they are off.
SCHEDULED = {
    "measure.yml": "latency is measured after a release only",
    "monitor.yml": "nobody looks for drift and errors",
    "nightly.yml": "the slow tests do not run",
    "renew.yml": "nothing newer comes in, though `vars.RENEWAL` may be `true`",
}
NO_PROJECT = (
    "No Google Cloud project is named, so nothing is deployed, measured or monitored: "
    "`twinserve bootstrap` makes one ready (docs/deploy.md)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the repository."""
    parser.add_argument("--repository", metavar="OWNER/NAME", help="else $GITHUB_REPOSITORY")


def run(arguments: argparse.Namespace) -> None:
    """Print a line of Markdown for each thing that is off; none where all is on."""
    repository = arguments.repository or os.environ.get("GITHUB_REPOSITORY")
    if not repository:
        raise UserError("which repository? name it with --repository OWNER/NAME")
    lines = switched_off(repository)
    if not os.environ.get("GOOGLE_CLOUD_PROJECT"):
        lines = [NO_PROJECT, *lines]
    for line in lines or ["Schedules and issues are on."]:
        print(f"- {line}")


def switched_off(repository: str) -> list[str]:
    """The schedules that are off in a repository, each with its cure.

    Raises:
        UserError: GitHub cannot be asked.
    """
    listed = api(f"repos/{repository}/actions/workflows?per_page=100")["workflows"]
    lines = [*_schedules(listed)]
    if not api(f"repos/{repository}")["has_issues"]:
        lines.append(
            "Issues are off, so `monitor.yml` cannot raise one: "
            f"`gh repo edit {repository} --enable-issues`"
        )
    return lines


def _schedules(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    states = {workflow["path"].rpartition("/")[2]: workflow["state"] for workflow in listed}
    return [
        f"`{name}` is off ({states.get(name, 'never seen by GitHub')}), so {loss}: "
        f"`gh workflow enable {name}`"
        for name, loss in SCHEDULED.items()
        if states.get(name) != ACTIVE
    ]
