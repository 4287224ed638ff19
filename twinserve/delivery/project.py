"""What every command on a Google Cloud project shares: its options, and what they open."""

import argparse
import getpass
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from rich.console import Console

from twinserve.config.deployment import Deployment, Resources
from twinserve.config.params import Params, load_params
from twinserve.delivery.names import account_email, releases_bucket
from twinserve.targets.child import Children, end_as_interrupted
from twinserve.targets.google.cloud_run import CloudRun
from twinserve.targets.google.gcloud import Gcloud, current_project

# Of a call after an interrupt or a failure, when whoever waits wants the end.
HURRY_S = 30.0


@dataclass(frozen=True, slots=True)
class Cloud:
    """A project, what is to be deployed in it, and where to say what happens.

    Attributes:
        console: for people; on stderr when JSON was asked for.
        as_json: print the result as JSON on stdout.
    """

    gcloud: Gcloud
    params: Params
    console: Console
    as_json: bool

    @property
    def project(self) -> str:
        return self.gcloud.project

    @property
    def dry_run(self) -> bool:
        """Whether what would be changed is only printed."""
        return self.gcloud.dry_run

    @property
    def deployment(self) -> Deployment:
        return self.params.deployment

    @property
    def region(self) -> str:
        return self.deployment.region

    @property
    def targets(self) -> dict[str, Resources]:
        """The settings of both targets, in the order in which they are changed."""
        return {"service": self.deployment.service, "function": self.deployment.function}

    @property
    def deployer(self) -> str:
        """Email of the account that releases."""
        return account_email(self.deployment.deployer_account, self.project)

    @property
    def runtime_account(self) -> str:
        """Email of the account that both targets run as."""
        return account_email(self.deployment.runtime_account, self.project)

    @property
    def reader(self) -> str:
        """Email of the account that GitHub's checks read DVC's bucket as."""
        return account_email(self.deployment.reader_account, self.project)

    @property
    def renewer(self) -> str:
        """Email of the account that `renew.yml` adds to DVC's bucket as."""
        return account_email(self.deployment.renewer_account, self.project)

    @property
    def build_account(self) -> str:
        """Email of the account that a function is built as."""
        return account_email(self.deployment.build_account, self.project)

    @property
    def run(self) -> CloudRun:
        """Where both targets live."""
        return CloudRun(self.gcloud, self.region)

    def object_url(self, name: str) -> str:
        """An object of the bucket that holds the lock and the records."""
        return f"gs://{releases_bucket(self.project)}/{name}"

    def say(self, line: str) -> None:
        """A line of progress, as it is: what stands in it may be anyone's."""
        self.console.print(line, markup=False)

    def hurried(self) -> "Cloud":
        """The same, for putting things back: no call is waited for long."""
        gcloud = replace(self.gcloud, most_s=HURRY_S, children=Children())
        return replace(self, gcloud=gcloud)

    def tell(self, line: str) -> None:
        """A line of somebody else's, printed as it is."""
        self.console.print(f"      {line}", markup=False, style="dim")

    def result(self, members: Mapping[str, Any]) -> None:
        """The outcome, for programs; people have been told already."""
        if self.as_json:
            print(json.dumps(members, indent=2))


def add_cloud_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of every command that calls gcloud."""
    parser.add_argument(
        "--project", help="id; else $GOOGLE_CLOUD_PROJECT, else the project gcloud is set to"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="read what is there, print the commands that would change it, change nothing",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")


def open_cloud(arguments: argparse.Namespace) -> Cloud:
    """Read the parameters and find the project; from here on SIGTERM is an interrupt.

    Raises:
        UserError: ``params.yaml`` does not fit, or no project is named.
    """
    end_as_interrupted()
    project = current_project(arguments.project)
    return make_cloud(load_params(), project, dry_run=arguments.dry_run, as_json=arguments.json)


def make_cloud(
    params: Params, project: str, *, dry_run: bool = False, as_json: bool = False
) -> Cloud:
    """Open a project whose id is known."""
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)

    def on_change(command: str) -> None:
        if dry_run:
            console.print(f"  {command}", markup=False)

    def on_progress(line: str) -> None:
        if not line.startswith("ERROR:"):
            console.print(f"      {line}", markup=False, style="dim")

    gcloud = Gcloud(project, dry_run=dry_run, on_change=on_change, on_progress=on_progress)
    return Cloud(gcloud, params, console, as_json)


def current_owner() -> str:
    """Who runs this, in words for whoever is kept out meanwhile."""
    if run := os.environ.get("GITHUB_RUN_ID"):
        return f"GitHub Actions run {run} of {os.environ.get('GITHUB_REPOSITORY', '?')}"
    if build := os.environ.get("BUILD_ID"):
        return f"Cloud Build {build}"
    return f"{getpass.getuser()} on {platform.node()}, process {os.getpid()}"
