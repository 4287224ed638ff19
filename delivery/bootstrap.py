"""A Google Cloud project made ready for releases, as often as one likes: what is there stays.

No key is ever made: GitHub's workflows exchange their own token, and only those of one repository's
main branch. No build trigger is made either: one thing deploys.
"""

import argparse
import shutil
import subprocess

from config.errors import UserError
from delivery.cloud import Cloud, add_cloud_arguments, open_cloud
from delivery.console import say_step
from delivery.names import account_email, data_bucket, releases_bucket
from targets import project

APIS = (
    "artifactregistry.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "run.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
)
POOL = "github"
PROVIDER = "github-actions"
# Source: GitHub, "Configuring OpenID Connect in Google Cloud Platform".
ISSUER = "https://token.actions.githubusercontent.com"
BRANCH = "refs/heads/main"

# The deployer's roles in the project, each with what asks for it.
PROJECT_ROLES = (
    "roles/run.admin",  # revisions, traffic, and who may call a service
    "roles/run.sourceDeveloper",  # a function is deployed from its source
    "roles/cloudbuild.builds.editor",  # `builds submit`
    "roles/logging.viewer",  # the build's log, and the targets'
    "roles/logging.logWriter",  # a build that runs as the deployer writes its log
    "roles/serviceusage.serviceUsageConsumer",  # each call names the project
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project and the repository that may deploy."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "--github", required=True, metavar="OWNER/REPO", help="whose main branch may deploy"
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``bootstrap``."""
    bootstrap(open_cloud(arguments), arguments.github)


def bootstrap(cloud: Cloud, repository: str) -> None:
    """Make what is missing, then name the variables that the workflows read.

    Raises:
        UserError: the repository's name has no owner, or Google refuses something.
    """
    owner, _, name = repository.partition("/")
    if not owner or not name or "/" in name:
        raise UserError(f"--github: expected OWNER/REPO, found {repository!r}")
    gcloud, deployment, region = cloud.gcloud, cloud.deployment, cloud.region
    deployer = account_email(deployment.deployer_account, gcloud.project)
    say_step(cloud.console, 1, 5, f"APIs of {gcloud.project}")
    project.enable_apis(gcloud, APIS)
    number = project.project_number(gcloud)
    say_step(cloud.console, 2, 5, "a repository for images, a bucket for DVC, one for releases")
    project.ensure_repository(gcloud, region, deployment.repository)
    for bucket in (data_bucket(gcloud.project), releases_bucket(gcloud.project)):
        project.ensure_bucket(gcloud, region, bucket)
    say_step(cloud.console, 3, 5, "service accounts")
    accounts = {
        deployment.runtime_account: "Both targets run as this; it may do nothing",
        deployment.deployer_account: "Builds, releases and measures",
    }
    for account, title in accounts.items():
        email = account_email(account, gcloud.project)
        project.ensure_account(gcloud, account, email, title)
    say_step(cloud.console, 4, 5, "who may be the deployer: main of " + repository)
    condition = f"assertion.repository=='{repository}' && assertion.ref=='{BRANCH}'"
    project.ensure_pool(gcloud, POOL, PROVIDER, ISSUER, condition)
    pool = f"projects/{number}/locations/global/workloadIdentityPools/{POOL}"
    say_step(cloud.console, 5, 5, "what the deployer may do")
    _grant(
        cloud,
        deployer,
        f"principalSet://iam.googleapis.com/{pool}/attribute.repository/{repository}",
    )
    variables = {
        "GOOGLE_CLOUD_PROJECT": gcloud.project,
        "GOOGLE_CLOUD_REGION": region,
        "WORKLOAD_IDENTITY_PROVIDER": f"{pool}/providers/{PROVIDER}",
        "DEPLOYER": deployer,
    }
    _tell(cloud, repository, variables)


def _grant(cloud: Cloud, deployer: str, principals: str) -> None:
    """The deployer's roles, each on the smallest thing that it is needed for."""
    gcloud, deployment = cloud.gcloud, cloud.deployment
    account = f"serviceAccount:{deployer}"
    binding = "add-iam-policy-binding"
    for role in PROJECT_ROLES:
        project.grant(gcloud, ("projects", binding, gcloud.project), account, role)
    place = f"--location={deployment.region}"
    images = ("artifacts", "repositories", binding, deployment.repository, place)
    project.grant(gcloud, images, account, "roles/artifactregistry.repoAdmin")
    for bucket in (data_bucket(gcloud.project), releases_bucket(gcloud.project)):
        command = ("storage", "buckets", binding, f"gs://{bucket}")
        project.grant(gcloud, command, account, "roles/storage.objectAdmin")
    accounts = ("iam", "service-accounts", binding)
    # Both targets run as the one; identity tokens are made for the other, by itself.
    project.grant(
        gcloud, (*accounts, cloud.runtime_account), account, "roles/iam.serviceAccountUser"
    )
    # It submits builds that run as itself.
    project.grant(gcloud, (*accounts, deployer), account, "roles/iam.serviceAccountUser")
    tokens = "roles/iam.serviceAccountTokenCreator"
    project.grant(gcloud, (*accounts, deployer), account, tokens)
    project.grant(gcloud, (*accounts, deployer), principals, "roles/iam.workloadIdentityUser")


def _tell(cloud: Cloud, repository: str, variables: dict[str, str]) -> None:
    """Name the variables, and set them where GitHub's command is at hand."""
    cloud.say(f"variables of {repository} (Settings, Secrets and variables, Actions, Variables):")
    for name, value in variables.items():
        cloud.say(f"  {name}={value}")
    github = shutil.which("gh")
    if github is None:
        cloud.say("gh is not on the PATH: set them by hand, or install it and run this again")
    elif not cloud.gcloud.dry_run:
        for name, value in variables.items():
            command = [github, "variable", "set", name, "--body", value, "--repo", repository]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise UserError(
                    f"gh could not set {name}: {' '.join(done.stderr.split())[:300]}; log in with "
                    "`gh auth login`, or set the variables above by hand"
                )
        cloud.say("set with gh")
    cloud.result({"repository": repository, "variables": variables})
