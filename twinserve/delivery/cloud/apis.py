"""The APIs that a project needs: switched on by bootstrap, held to by doctor."""

from twinserve.config.deployment import Deployment

APIS = (
    "artifactregistry.googleapis.com",
    "cloudbilling.googleapis.com",
    "cloudbuild.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "iam.googleapis.com",
    "iamcredentials.googleapis.com",
    "logging.googleapis.com",
    "orgpolicy.googleapis.com",
    "run.googleapis.com",
    "serviceusage.googleapis.com",
    "storage.googleapis.com",
    "sts.googleapis.com",
)


def needed(deployment: Deployment) -> tuple[str, ...]:
    """The APIs of every deployment, and Secret Manager's where a target reads a secret."""
    return (*APIS, "secretmanager.googleapis.com") if deployment.secrets else APIS
