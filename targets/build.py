"""A build in Cloud Build: a file of steps on the tree that lies here."""

from dataclasses import dataclass

from targets.gcloud import Gcloud

FILE = "cloudbuild.yaml"


@dataclass(frozen=True, slots=True)
class Build:
    """What a build is told.

    Attributes:
        account: email of the service account that it runs as.
        staging: ``gs://`` folder for the uploaded tree, one that the account may write.
    """

    region: str
    commit: str
    account: str
    staging: str


def submit_build(gcloud: Gcloud, build: Build) -> None:
    """Upload the tree, run the steps, and wait for their end.

    Raises:
        GcloudError: it is refused, or a step fails.
    """
    gcloud.change(
        "builds",
        "submit",
        ".",
        f"--config={FILE}",
        f"--region={build.region}",
        f"--substitutions=_COMMIT={build.commit}",
        f"--service-account=projects/{gcloud.project}/serviceAccounts/{build.account}",
        f"--gcs-source-staging-dir={build.staging}",
    )
