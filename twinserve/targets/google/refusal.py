"""Why a call of gcloud failed: what it printed, as one line that says what to do."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from twinserve.config.errors import UserError

PROGRAM = "gcloud"
MOST_TOLD = 400


class Reason(StrEnum):
    """Why a call failed, where the difference matters to whoever called."""

    MISSING = "gcloud is missing"
    LOGGED_OUT = "not logged in"
    DISABLED = "API disabled"
    DENIED = "permission denied"
    QUOTA = "quota"
    NO_IMAGE = "image not found"
    NOT_READY = "never ready"
    BUILD = "build failed"
    NOT_FOUND = "not found"
    PRECONDITION = "precondition failed"
    EXPIRED = "took too long"
    NO_ACCOUNT = "service account not known yet"
    POLICY = "organisation policy"
    BILLING = "no billing"
    OTHER = "other"


class GcloudError(UserError):
    """A call that failed.

    Attributes:
        reason: the kind of failure.
    """

    def __init__(self, message: str, reason: Reason) -> None:
        super().__init__(message)
        self.reason = reason


class _Known(NamedTuple):
    """What gcloud prints, what it means, and what a person can do about it."""

    pattern: str
    reason: Reason
    cure: str


# In this order: the first that fits what was printed names the reason.
_KNOWN = (
    _Known(
        r"not currently have an active account|Reauthentication|refreshing your current auth"
        r"|invalid authentication credentials|UNAUTHENTICATED|Unable to read file",
        Reason.LOGGED_OUT,
        "log in with `gcloud auth login`",
    ),
    _Known(
        r"SERVICE_DISABLED|has not been used in project|not enabled on project",
        Reason.DISABLED,
        "enable what the project needs with `twinserve bootstrap`",
    ),
    _Known(
        r"[Ss]ervice account \S+ does not exist",
        Reason.NO_ACCOUNT,
        "make it with `twinserve bootstrap`; a new one takes a minute to be known",
    ),
    _Known(
        r"do not belong to a permitted customer|[Cc]onstraint \S*constraints/\S+ violated"
        r"|violates? (the )?(constraint|org(anization)? policy)",
        Reason.POLICY,
        "`twinserve doctor` says which of the organisation's policies forbids it",
    ),
    _Known(
        r"BILLING_DISABLED"
        r"|[Bb]illing (must be enabled|account for project \S+ is not (found|open))",
        Reason.BILLING,
        "link a billing account: https://console.cloud.google.com/billing/projects",
    ),
    _Known(
        r"due to quota restrictions, cannot run builds in this region",
        Reason.QUOTA,
        "Cloud Build builds for this project in other regions only: set deployment.region "
        "to one of https://cloud.google.com/build/docs/locations",
    ),
    _Known(
        r"RESOURCE_EXHAUSTED|[Qq]uota exceeded|RATE_LIMIT_EXCEEDED|HTTPError 429",
        Reason.QUOTA,
        "wait and run it again; more is asked for at https://console.cloud.google.com/quotas",
    ),
    _Known(
        r"HTTPError 412|pre-?conditions? you specified did not hold|conditionNotMet",
        Reason.PRECONDITION,
        "somebody else has changed it meanwhile; run it again",
    ),
    _Known(
        r"[Ii]mage '?[^ ]*'? not found|MANIFEST_UNKNOWN|[Ii]mage .*does not exist",
        Reason.NO_IMAGE,
        "build and push it with `twinserve build --push`",
    ),
    _Known(
        r"Failed to impersonate",
        Reason.DENIED,
        "the account that runs this needs roles/iam.serviceAccountTokenCreator on that one",
    ),
    _Known(
        r"PERMISSION_DENIED|does not have permission|[Pp]ermission '?[\w.]+'? denied|HTTPError 403"
        r"|does not have .* access",
        Reason.DENIED,
        "the account needs the roles that `twinserve bootstrap` grants",
    ),
    _Known(
        r"Build failed|build failed",
        Reason.BUILD,
        "read its log with `gcloud builds list --limit=1` and `gcloud builds log`",
    ),
    _Known(
        r"failed to start and listen|is not ready and cannot serve|Revision .* is not ready"
        r"|HealthCheckContainerError|did not become ready",
        Reason.NOT_READY,
        "its log says why: `gcloud run services logs read` with the service's name",
    ),
    _Known(
        r"gs://\S+ not found: 404|bucket does not exist",
        Reason.NOT_FOUND,
        "make the project's buckets with `twinserve bootstrap`",
    ),
    _Known(
        r"NOT_FOUND|[Cc]annot find|could not be found|not found|matched no objects|HTTPError 404",
        Reason.NOT_FOUND,
        "check the name, the region and the project",
    ),
)


def refusal(arguments: Sequence[str], printed: str, code: int) -> GcloudError:
    """The error of a call, from what it printed."""
    # What follows ERROR: is the message; gcloud wraps it and may add hints below.
    match = re.search(r"ERROR: (?:\([\w.-]+\) )?(.*)", printed, re.DOTALL)
    told = " ".join((match[1] if match else printed).split()) or f"exit code {code}"
    # Where the cure is known, it takes the place of gcloud's own advice in the lines below.
    first = " ".join(match[1].partition("\n")[0].split()) if match else told
    command = named(arguments)
    for known in _KNOWN:
        if re.search(known.pattern, told):
            return GcloudError(f"{command}: {first[:MOST_TOLD]} Fix: {known.cure}", known.reason)
    return GcloudError(f"{command}: {told[:MOST_TOLD]}", Reason.OTHER)


def named(arguments: Sequence[str]) -> str:
    """A call by its first words."""
    return " ".join([PROGRAM, *[word for word in arguments if not word.startswith("-")][:4]])
