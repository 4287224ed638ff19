"""The names that a release uses: there, and this project's own."""

from collections.abc import Sequence

from twinserve.config.deployment import MORE_CPU
from twinserve.config.layout import RELEASE_VARIABLES
from twinserve.delivery.cloud.doctor.finding import Finding, fine, stop, warn
from twinserve.delivery.cloud.doctor.project import BOOTSTRAP
from twinserve.delivery.names import data_bucket, releases_bucket, sources_bucket
from twinserve.delivery.project import Cloud
from twinserve.targets.google.gcloud import Reason
from twinserve.targets.google.project.resources import (
    bucket_refusal,
    repository_format,
    version_state,
)

CPU_CURE = "cpu: 1 in params.yaml, unless its starts are worth the price of the CPU to you"
TAKEN = "names of buckets are the world's: take a project of another id"


def names(cloud: Cloud) -> Sequence[Finding]:
    """Buckets, the repository, and both services."""
    return [*_buckets(cloud), *_repository(cloud), *_services(cloud)] or [
        fine("names", "buckets and repository are there, and both services' names are free or ours")
    ]


def secrets(cloud: Cloud) -> Sequence[Finding]:
    """Whether each version that a target reads has a value."""
    findings = []
    for wanted in sorted(cloud.deployment.secrets):
        name, _, version = wanted.partition(":")
        state = version_state(cloud.gcloud, name, version)
        if state is None:
            cure = f"gcloud secrets versions add {name} --data-file=FILE; its number in params.yaml"
            findings.append(stop("secrets", f"{name} has no version {version}", cure))
        elif state != "ENABLED":
            cure = f"gcloud secrets versions enable {version} --secret={name}, or another version"
            findings.append(stop("secrets", f"version {version} of {name} is {state}", cure))
    return findings


def processors(cloud: Cloud) -> Sequence[Finding]:
    """CPUs that no process would use."""
    return [
        warn("CPU", f"deployment.{target}.cpu is {settings.cpu}: {MORE_CPU}", CPU_CURE)
        for target, settings in cloud.targets.items()
        if settings.cpu > 1
    ]


def _buckets(cloud: Cloud) -> list[Finding]:
    gcloud = cloud.gcloud
    findings = []
    for name in (
        data_bucket(gcloud.project),
        releases_bucket(gcloud.project),
        sources_bucket(gcloud.project, cloud.region),
    ):
        match bucket_refusal(gcloud, name):
            case Reason.NOT_FOUND:
                findings.append(stop("names", f"bucket {name} does not exist", BOOTSTRAP))
            case Reason.DENIED:
                findings.append(stop("names", f"bucket {name} is somebody else's", TAKEN))
            case _:
                pass
    return findings


def _repository(cloud: Cloud) -> list[Finding]:
    name = cloud.deployment.repository
    kind = repository_format(cloud.gcloud, cloud.region, name)
    if kind is None:
        return [stop("names", f"repository {name} does not exist", BOOTSTRAP)]
    if kind != "DOCKER":
        cure = "another deployment.repository in params.yaml, then bootstrap"
        return [stop("names", f"repository {name} holds {kind}, not images", cure)]
    return []


def _services(cloud: Cloud) -> list[Finding]:
    """A service of our name that never had a release would be replaced by the first one."""
    services = cloud.run.services()
    findings = []
    for target, settings in cloud.targets.items():
        service = services.get(settings.name)
        ours = RELEASE_VARIABLES["name"]
        if service is not None and not any(
            ours in revision.variables for revision in service.revisions
        ):
            told = f"{settings.name} is a service of somebody's, which a release would replace"
            cure = f"another deployment.{target}.name in params.yaml"
            findings.append(stop("names", told, cure))
    return findings
