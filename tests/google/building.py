"""Google's conditions for a build before it runs: its account, its runtime, its machine.

Sources: Cloud Run, "Build service account"; Cloud Build, "Quotas and limits"; the words of each
refusal beside it.
"""

from typing import TYPE_CHECKING

from tests.google.api import ApiError, invalid
from tests.google.resources.permissions import denied, may
from tests.google.state import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from tests.google.cloud import Cloud

# https://cloud.google.com/build/pricing: the standard machine; others say how many CPUs they have.
CPUS = {"": 2, "UNSPECIFIED": 2, "E2_MEDIUM": 1}
# https://cloud.google.com/run/docs/runtime-support lists Python's runtimes.
RUNTIMES = {f"python3{minor}" for minor in range(9, 15)}
BUILDS = (
    "storage.objects.get",
    "artifactregistry.repositories.uploadArtifacts",
    "logging.logEntries.create",
)


def account_of(name: str) -> str:
    """The email of a build's account, ``projects/P/serviceAccounts/EMAIL``; else the default's."""
    return name.rpartition("/")[2] or DEFAULT_ACCOUNT


def check_account(cloud: "Cloud", account: str, caller: str) -> None:
    """The caller must be let be the account.

    https://cloud.google.com/build/docs/securing-builds/configure-user-specified-service-accounts.

    Raises:
        ApiError: it isn't, or the account isn't there.
    """
    if account != DEFAULT_ACCOUNT and not cloud.is_known(account):
        raise ApiError(404, "NOT_FOUND", f"service account {account} does not exist")
    resource = f"serviceAccounts/{account}"
    if not may(cloud, caller, "iam.serviceAccounts.actAs", resource):
        raise denied(caller, "iam.serviceAccounts.actAs", resource)


def check_builder(cloud: "Cloud", account: str) -> None:
    """The account must read the source, write the image, and its log.

    The words of the first: google/mcp-security issue 132.

    Raises:
        ApiError: it may not.
    """
    for permission in BUILDS:
        if not may(cloud, f"serviceAccount:{account}", permission):
            refusal = denied(
                f"serviceAccount:{account}",
                permission,
                "",
                storage=permission.startswith("storage"),
            )
            raise invalid(
                "Invalid build request. could not resolve source: googleapi: Error 403: "
                f"{refusal.message}, forbidden"
            )


def check_runtime(name: str) -> None:
    """A base image that there is.

    Raises:
        ApiError: it is not known.
    """
    if "/" not in name and name not in RUNTIMES:
        raise invalid(f"Invalid base image: {name} is not a known runtime")


def check_quota(cloud: "Cloud", machine: str) -> None:
    """CPUs of builds at once, as many as the region's default pool gives.

    A build that finds none waits and expires; here, where nothing ends it, it is refused at once.
    The words are those of a project that may not build there at all.

    Raises:
        ApiError: there are not enough.
    """
    # One whose end is known has left its machine, though nobody has asked yet.
    running = [
        build
        for build in cloud.state.builds.values()
        if build["status"] == "WORKING" and "fails" not in build
    ]
    used = sum(cpus(str(build.get("options", {}).get("machineType", ""))) for build in running)
    if used + cpus(machine) > cloud.state.build_cpus:
        raise ApiError(
            400,
            "FAILED_PRECONDITION",
            "failed precondition: due to quota restrictions, cannot run builds in this region, see "
            "https://cloud.google.com/build/docs/locations#restricted_regions_for_some_projects",
        )


def cpus(machine: str) -> int:
    """How many a machine has."""
    return CPUS.get(machine) or int(machine.rpartition("_")[2])
