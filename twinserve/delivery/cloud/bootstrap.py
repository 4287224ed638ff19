"""A Google Cloud project made ready for releases, as often as one likes: what is there stays.

No key is ever made: GitHub's workflows exchange their own token, and only those of one repository's
main branch. No build trigger is made either: one thing deploys.
"""

import argparse
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from twinserve.config.errors import UserError
from twinserve.delivery.cloud import federation, grants
from twinserve.delivery.cloud.apis import needed
from twinserve.delivery.cloud.doctor.command import examine
from twinserve.delivery.cloud.repository import set_up
from twinserve.delivery.console import say_step
from twinserve.delivery.names import account_email, data_bucket, releases_bucket, sources_bucket
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.targets.github.api import GitHubError, Identity, has_gh, identity_of
from twinserve.targets.google.project import policies
from twinserve.targets.google.project import resources as project
from twinserve.targets.google.project.identity_pool import ensure_provider
from twinserve.targets.google.settling import once_settled

STEPS = 6
Result = TypeVar("Result")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project and the repository that may deploy."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "--github", required=True, metavar="OWNER/REPO", help="whose main branch may deploy"
    )


def run(arguments: argparse.Namespace) -> int:
    """See ``bootstrap``."""
    return bootstrap(open_cloud(arguments), arguments.github)


def bootstrap(cloud: Cloud, repository: str) -> int:
    """Make what is missing here and at GitHub, then see whether a push would go through.

    Returns 1 if something would stop it.

    Raises:
        UserError: the repository's name has no owner, or Google refuses something.
    """
    check_name(repository)
    gcloud = cloud.gcloud
    identity = identity_of(repository)
    _say(cloud, 1, f"APIs of {gcloud.project}")
    _settled(cloud, lambda: project.enable_apis(gcloud, needed(cloud.deployment)))
    number = _settled(cloud, lambda: project.project_number(gcloud))
    _say(cloud, 2, "a repository for images, buckets for DVC, releases and sources, and secrets")
    _make_places(cloud)
    _say(cloud, 3, "service accounts")
    for name, title in grants.accounts(cloud).items():
        email = account_email(name, gcloud.project)
        _settled(cloud, partial(project.ensure_account, gcloud, name, email, title))
    _say(cloud, 4, f"who may be the deployer: main of {repository}; and who reads: its checks")
    _settled(cloud, lambda: ensure_provider(gcloud, federation.provider_for(identity)))
    _settled(cloud, lambda: ensure_provider(gcloud, federation.reading_provider_for(identity)))
    _say(cloud, 5, "what each account may do")
    _grant(cloud, number, identity)
    _say(cloud, 6, f"the repository {repository}")
    accounts = federation.Accounts(cloud.deployer, cloud.reader, cloud.renewer)
    variables = federation.variables(gcloud.project, cloud.region, number, accounts)
    _set_up(cloud, repository, variables)
    if gcloud.dry_run:
        cloud.result({"repository": repository, "variables": variables})
        return 0
    cloud.say("doctor: would the first push go through?")
    findings = examine(cloud, repository)
    told = [finding.members() for finding in findings]
    cloud.result({"repository": repository, "variables": variables, "findings": told})
    return int(any(finding.stops for finding in findings))


def check_name(repository: str) -> None:
    """Refuse a repository's name without an owner.

    Raises:
        UserError: it is none.
    """
    owner, _, name = repository.partition("/")
    if not owner or not name or "/" in name:
        raise UserError(f"--github: expected OWNER/REPO, found {repository!r}")


def _say(cloud: Cloud, step: int, title: str) -> None:
    say_step(cloud.console, step, STEPS, title)


def _settled(cloud: Cloud, call: Callable[[], Result]) -> Result:
    return once_settled(call, lambda line: cloud.say(f"      {line}"))


def _make_places(cloud: Cloud) -> None:
    gcloud, region = cloud.gcloud, cloud.region
    name = cloud.deployment.repository
    _settled(cloud, lambda: project.ensure_repository(gcloud, region, name))
    buckets = (
        data_bucket(gcloud.project),
        releases_bucket(gcloud.project),
        sources_bucket(gcloud.project, region),
    )
    for bucket in buckets:
        _settled(cloud, partial(project.ensure_bucket, gcloud, region, bucket))
    for secret in grants.secret_names(cloud):
        _settled(cloud, partial(project.ensure_secret, gcloud, secret))


def _grant(cloud: Cloud, number: str, identity: Identity) -> None:
    """Give what is missing; on a dry run nothing is there to be asked."""
    gcloud = cloud.gcloud
    wanted = [*grants.of_accounts(cloud), *grants.of_repository(cloud, number, identity)]
    missing = (
        wanted if gcloud.dry_run else _settled(cloud, lambda: policies.missing(gcloud, wanted))
    )
    for grant in missing:
        _settled(cloud, partial(policies.give, gcloud, grant))


def _set_up(cloud: Cloud, repository: str, variables: dict[str, str]) -> None:
    """Name the variables, and have GitHub as the workflows need it where its command is at hand."""
    cloud.say(f"variables of {repository} (Settings, Secrets and variables, Actions, Variables):")
    for name, value in variables.items():
        cloud.say(f"  {name}={value}")
    if not has_gh():
        cloud.say(
            "gh is not on the PATH: set them by hand, or install it and run this again; docs/"
            "deploy.md has the rest that it would do"
        )
    elif not cloud.dry_run:
        try:
            refused = set_up(repository, variables, cloud.say)
        except GitHubError as error:
            raise UserError(
                f"{error}; log in with `gh auth login` as someone who administers {repository}, or "
                "set the variables above by hand"
            ) from None
        for line in refused:
            cloud.say(f"  not done: {line}")
