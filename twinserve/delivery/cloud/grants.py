"""The roles that each account needs, and what for: given by bootstrap, held to by doctor.

No more than is used. Sources: Cloud Run, "Build service account" and "Deploy from source"; the
permissions of each role, "IAM basic and predefined roles reference".
"""

from twinserve.delivery.cloud import federation
from twinserve.delivery.names import data_bucket, releases_bucket
from twinserve.delivery.project import Cloud
from twinserve.targets.github.api import Identity
from twinserve.targets.google.project.policies import (
    Grant,
    Resource,
    account_resource,
    bucket_resource,
    project_resource,
    repository_resource,
    secret_resource,
)

# The deployer's roles in the project, each with what asks for it.
DEPLOYER_ROLES = (
    "roles/run.admin",  # revisions, traffic, and who may call a service
    # A function is deployed from its source; the organisation's policies are read.
    "roles/run.sourceDeveloper",
    "roles/cloudbuild.builds.editor",  # `builds submit`
    "roles/logging.viewer",  # the build's log, and the targets'
    "roles/logging.logWriter",  # a build that runs as the deployer writes its log
    "roles/serviceusage.serviceUsageConsumer",  # each call names the project
)
# Reads the source, writes the image and its log.
BUILDER_ROLES = ("roles/run.builder",)
# Neither of them deletes, and to replace an object is to delete it first. Source: Google Cloud
# Storage, "IAM permissions for JSON methods".
RENEWER_ROLES = ("roles/storage.objectCreator", "roles/storage.objectViewer")
ACT_AS = "roles/iam.serviceAccountUser"


def accounts(cloud: Cloud) -> dict[str, str]:
    """The service accounts by name, each with what it is for."""
    deployment = cloud.deployment
    return {
        deployment.runtime_account: "Both targets run as this; it may read their secrets, no more",
        deployment.deployer_account: "Builds, releases and measures",
        deployment.reader_account: "GitHub's checks read DVC's bucket as this",
        deployment.renewer_account: "Renewals add to DVC's bucket as this, and delete nothing",
        deployment.build_account: "The function is built as this",
    }


def of_accounts(cloud: Cloud) -> list[Grant]:
    """The roles that the accounts need, each on the smallest thing that it is needed for."""
    project, deployment = cloud.project, cloud.deployment
    deployer = cloud.deployer
    whole = project_resource(project)
    images = repository_resource(deployment.repository, cloud.region)
    wanted: list[tuple[Resource, str, str]] = [
        *((whole, deployer, role) for role in DEPLOYER_ROLES),
        *((whole, cloud.build_account, role) for role in BUILDER_ROLES),
        (images, deployer, "roles/artifactregistry.repoAdmin"),
        *(
            (bucket_resource(name), deployer, "roles/storage.objectAdmin")
            for name in (data_bucket(project), releases_bucket(project))
        ),
        (bucket_resource(data_bucket(project)), cloud.reader, "roles/storage.objectViewer"),
        *((bucket_resource(data_bucket(project)), cloud.renewer, role) for role in RENEWER_ROLES),
        # Both targets run as the one, the function is built as the other, and builds that it
        # submits run as itself, whom identity tokens are made for.
        *(
            (account_resource(email), deployer, ACT_AS)
            for email in (cloud.runtime_account, cloud.build_account, deployer)
        ),
        (account_resource(deployer), deployer, "roles/iam.serviceAccountTokenCreator"),
        *(
            (secret_resource(name), cloud.runtime_account, "roles/secretmanager.secretAccessor")
            for name in secret_names(cloud)
        ),
    ]
    return [Grant(resource, f"serviceAccount:{email}", role) for resource, email, role in wanted]


def secret_names(cloud: Cloud) -> list[str]:
    """The secrets that either target reads."""
    return sorted({version.partition(":")[0] for version in cloud.deployment.secrets})


def of_repository(cloud: Cloud, number: str, identity: Identity) -> list[Grant]:
    """Its workflows may be deployer and renewer, on main, and the reader on any branch."""
    pairs = (
        (cloud.deployer, federation.POOL),
        (cloud.renewer, federation.POOL),
        (cloud.reader, federation.READING_POOL),
    )
    return [
        Grant(
            account_resource(email),
            federation.principals(number, identity, pool),
            "roles/iam.workloadIdentityUser",
        )
        for email, pool in pairs
    ]
