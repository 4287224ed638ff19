"""The resources that a Google Cloud project needs for a release, each made if missing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason, if_it_exists


def lifecycle_state(gcloud: Gcloud) -> str | None:
    """``ACTIVE``, or what else a project may be; None where it is not there or not to be seen.

    Raises:
        GcloudError: it cannot be asked.
    """
    try:
        raw = gcloud.read("projects", "describe", gcloud.project)
    except GcloudError as error:
        if error.reason not in {Reason.DENIED, Reason.NOT_FOUND}:
            raise
        return None
    return str(raw.get("lifecycleState", "ACTIVE"))


def is_paid_for(gcloud: Gcloud) -> bool:
    """Whether a billing account is linked, and open.

    Raises:
        GcloudError: it cannot be read.
    """
    raw = gcloud.read("billing", "projects", "describe", gcloud.project)
    return bool(raw.get("billingEnabled"))


def enabled_apis(gcloud: Gcloud) -> set[str]:
    """The APIs that are on.

    Raises:
        GcloudError: it cannot be read.
    """
    listed = gcloud.read("services", "list", "--enabled") or []
    return {api["config"]["name"] for api in listed}


def accounts(gcloud: Gcloud) -> dict[str, bool]:
    """The service accounts by email, and whether each is switched off.

    Raises:
        GcloudError: they cannot be read.
    """
    listed = gcloud.read("iam", "service-accounts", "list") or []
    return {account["email"]: bool(account.get("disabled")) for account in listed}


def bucket_refusal(gcloud: Gcloud, name: str) -> Reason | None:
    """Why a bucket cannot be looked at: not there, or somebody else's; None where it can.

    Raises:
        GcloudError: for another reason.
    """
    try:
        gcloud.read("storage", "buckets", "describe", f"gs://{name}")
    except GcloudError as error:
        if error.reason not in {Reason.NOT_FOUND, Reason.DENIED}:
            raise
        return error.reason
    return None


def repository_format(gcloud: Gcloud, region: str, name: str) -> str | None:
    """The format of a repository of Artifact Registry; None where there is none.

    Raises:
        GcloudError: it cannot be read.
    """
    place = f"--location={region}"
    with if_it_exists():
        raw = gcloud.read("artifacts", "repositories", "describe", name, place)
        return str(raw.get("format", "DOCKER"))
    return None


def enable_apis(gcloud: Gcloud, apis: Sequence[str]) -> None:
    """Enable those that are not.

    Raises:
        GcloudError: it is refused; without billing it always is.
    """
    enabled = enabled_apis(gcloud)
    if missing := [api for api in apis if api not in enabled]:
        gcloud.change("services", "enable", *missing)


# Artifact Registry deletes what no policy keeps: the newest ten images stay whatever their age.
RETENTION = Path(__file__).parent / "retention.json"


def ensure_repository(gcloud: Gcloud, region: str, name: str) -> None:
    """A repository of images with the retention policy of ``retention.json``.

    Raises:
        GcloudError: it is refused.
    """
    place = f"--location={region}"
    ensure(
        gcloud,
        ("artifacts", "repositories", "describe", name, place),
        ("artifacts", "repositories", "create", name, place, "--repository-format=docker"),
    )
    command = ("artifacts", "repositories", "set-cleanup-policies", name, place)
    gcloud.change(*command, f"--policy={RETENTION}", "--no-dry-run")


# Sources that were uploaded for a build: nobody needs them a day later.
LIFECYCLE = Path(__file__).parent / "lifecycle.json"


def ensure_bucket(gcloud: Gcloud, region: str, name: str) -> None:
    """A bucket of the region that can never be public, and forgets uploaded sources.

    Raises:
        GcloudError: it is refused; names of buckets are the world's.
    """
    ensure(
        gcloud,
        ("storage", "buckets", "describe", f"gs://{name}"),
        (
            "storage",
            "buckets",
            "create",
            f"gs://{name}",
            f"--location={region}",
            "--uniform-bucket-level-access",
            "--public-access-prevention",
        ),
    )
    gcloud.change("storage", "buckets", "update", f"gs://{name}", f"--lifecycle-file={LIFECYCLE}")


def ensure_secret(gcloud: Gcloud, name: str) -> None:
    """A secret without a value: that never passes through here.

    Raises:
        GcloudError: it is refused.
    """
    command = ("secrets", "create", name, "--replication-policy=automatic")
    ensure(gcloud, ("secrets", "describe", name), command)


def version_state(gcloud: Gcloud, secret: str, version: str) -> str | None:
    """``ENABLED``, ``DISABLED`` or ``DESTROYED``; None if there is no such version.

    Raises:
        GcloudError: it cannot be read.
    """
    with if_it_exists():
        raw = gcloud.read("secrets", "versions", "describe", version, f"--secret={secret}")
        return str(raw.get("state", "STATE_UNSPECIFIED"))
    return None


def ensure_account(gcloud: Gcloud, name: str, email: str, title: str) -> None:
    """A service account, with no key.

    Raises:
        GcloudError: it is refused.
    """
    ensure(
        gcloud,
        ("iam", "service-accounts", "describe", email),
        ("iam", "service-accounts", "create", name, f"--display-name={title}"),
    )


def delete_account(gcloud: Gcloud, email: str) -> None:
    """Delete a service account; one that is not there is deleted already.

    Raises:
        GcloudError: it is refused.
    """
    _unless_gone(gcloud, "iam", "service-accounts", "delete", email)


def project_number(gcloud: Gcloud) -> str:
    """The project's number, which principals of a pool are named by.

    Raises:
        GcloudError: there is no such project, or it cannot be seen.
    """
    try:
        return str(gcloud.read("projects", "describe", gcloud.project)["projectNumber"])
    except GcloudError as error:
        if _would_be_enabled(gcloud, error):
            return "PROJECT_NUMBER"
        raise


def ensure(gcloud: Gcloud, describe: Sequence[str], create: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    """Create what cannot be described; what was found, or None.

    Raises:
        GcloudError: it is refused.
    """
    try:
        return gcloud.read(*describe)
    except GcloudError as error:
        if error.reason is not Reason.NOT_FOUND and not _would_be_enabled(gcloud, error):
            raise
        gcloud.change(*create)
        return None


def _would_be_enabled(gcloud: Gcloud, error: GcloudError) -> bool:
    """Whether only a dry run, which enables nothing, meets this."""
    return gcloud.dry_run and error.reason is Reason.DISABLED


def delete_repository(gcloud: Gcloud, region: str, name: str) -> None:
    """Delete a repository with every image in it; one that is not there is deleted already.

    Raises:
        GcloudError: it is refused.
    """
    _unless_gone(gcloud, "artifacts", "repositories", "delete", name, f"--location={region}")


def delete_bucket(gcloud: Gcloud, name: str) -> None:
    """Delete a bucket with all that is in it; one that is not there is deleted already.

    Raises:
        GcloudError: it is refused.
    """
    _unless_gone(gcloud, "storage", "rm", f"gs://{name}", "--recursive")


def _unless_gone(gcloud: Gcloud, *command: str) -> None:
    with if_it_exists():
        gcloud.change_text(*command)
