"""``doctor``: ask Google and GitHub, at once, for all that a push needs."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from twinserve.config.errors import UserError
from twinserve.delivery.cloud.doctor import (
    data,
    organisation,
    permissions,
    places,
    project,
    repository,
    trial,
)
from twinserve.delivery.cloud.doctor.finding import Check, Finding, Weight, asked, stop
from twinserve.delivery.cloud.doctor.support import kept, supported
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.targets.github.api import Identity, identity_of

STYLES = {Weight.FINE: "green", Weight.WARNING: "yellow", Weight.STOP: "bold red"}
# gcloud is a process of its own, and mostly waits.
AT_ONCE = 6


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, the repository, and whether to try."""
    add_cloud_arguments(parser)
    parser.add_argument("--github", metavar="OWNER/REPO", help="look at this repository too")
    parser.add_argument(
        "--try",
        action="store_true",
        dest="trial",
        help="also deploy dist/function as a throw-away function, and delete it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Exit code 1 if something would stop the first push."""
    cloud = open_cloud(arguments)
    findings = list(examine(cloud, arguments.github))
    if arguments.trial:
        findings += tell(cloud, asked("trial", lambda: trial.deploy_and_delete(cloud)))
    cloud.result({"findings": [finding.members() for finding in findings]})
    return int(any(finding.stops for finding in findings))


def examine(cloud: Cloud, github: str | None) -> Sequence[Finding]:
    """All findings, told as they are found."""
    findings = list(tell(cloud, asked("project", lambda: project.visible(cloud))))
    if any(finding.stops for finding in findings):
        return findings
    identity: Identity | None = None
    if github is not None:
        try:
            identity = identity_of(github)
        except UserError as error:
            cure = "see that name and login are right: `gh auth status`"
            findings += tell(cloud, [stop("GitHub", str(error), cure)])
            github = None
    checks: list[tuple[str, Check]] = [
        ("billing", lambda: project.billing(cloud)),
        ("APIs", lambda: project.apis(cloud)),
        ("accounts", lambda: permissions.accounts(cloud)),
        ("roles", lambda: permissions.roles(cloud, identity)),
        ("provider", lambda: permissions.provider(cloud, identity)),
        ("access", lambda: organisation.access(cloud)),
        ("organisation policies", lambda: organisation.restrictions(cloud)),
        ("build quota", lambda: project.build_quota(cloud)),
        ("names", lambda: places.names(cloud)),
        ("secrets", lambda: places.secrets(cloud)),
        ("CPU", lambda: places.processors(cloud)),
        ("support", supported),
        ("packages", kept),
        ("data", lambda: data.remote(cloud)),
    ]
    if github is not None:
        checks.append(("GitHub", lambda: repository.examine(cloud, github)))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for answers in pool.map(lambda check: asked(*check), checks):
            findings += tell(cloud, answers)
    worst = max(findings, key=lambda finding: list(Weight).index(finding.weight)).weight
    if worst is Weight.STOP:
        cloud.say("something would stop a push: see the lines that say so")
    else:
        cloud.say("nothing that can be asked for would stop a push")
    return findings


def tell(cloud: Cloud, findings: Sequence[Finding]) -> Sequence[Finding]:
    """Print them, and pass them on."""
    for finding in findings:
        cloud.console.print(finding.line, markup=False, style=STYLES[finding.weight])
    return findings
