"""Who may call a deployed endpoint: decided, seen from outside, and an identity token."""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from twinserve.config.deployment import PublicBy
from twinserve.config.errors import UserError
from twinserve.targets.google.gcloud import Gcloud, GcloudError, Reason
from twinserve.targets.google.project.constraints import (
    MEMBER_DOMAINS,
    POLICY_MEMBERS,
    REQUIRE_INVOKER,
    read_constraint,
)
from twinserve.targets.opener import ask

LIMIT_S = 30.0


class Access(StrEnum):
    """How Cloud Run decides on a caller."""

    IAM = "iam"
    NO_INVOKER_CHECK = "no_invoker_check"
    PRIVATE = "private"


@dataclass(frozen=True, slots=True)
class Decision:
    """How endpoints that are to be public will be, and why not otherwise."""

    access: Access
    reason: str = ""


def decide_access(gcloud: Gcloud, wanted: PublicBy) -> Decision:
    """The way that is set, or the first that the organisation's policies allow.

    Raises:
        GcloudError: the policies cannot be read.
    """
    if wanted is not PublicBy.AUTO:
        return Decision(Access(wanted))
    try:
        forbids = [
            name
            for name in (MEMBER_DOMAINS, POLICY_MEMBERS)
            if read_constraint(gcloud, name).restricts
        ]
        if not forbids:
            return Decision(Access.IAM)
        if not read_constraint(gcloud, REQUIRE_INVOKER).restricts:
            return Decision(Access.NO_INVOKER_CHECK, f"{forbids[0]} forbids allUsers")
    except GcloudError as error:
        # Nobody who deploys by hand need be allowed to read the policies; most projects have none.
        if error.reason not in {Reason.DENIED, Reason.DISABLED}:
            raise
        return Decision(Access.IAM, "the organisation's policies could not be read")
    return Decision(Access.PRIVATE, f"{forbids[0]} and {REQUIRE_INVOKER} forbid a public endpoint")


def status_without_token(url: str) -> int:
    """The status that anyone gets who asks ``url``.

    Raises:
        UserError: nothing answers there.
    """
    try:
        return ask(url, LIMIT_S).status
    except OSError as error:
        raise UserError(f"{url}: no answer ({error})") from None


def is_private(url: str) -> bool:
    """Whether Google's front end turns away who has no token, before our code is reached."""
    return status_without_token(url) == HTTPStatus.FORBIDDEN


def identity_token(gcloud: Gcloud, account: str, audience: str) -> str:
    """A token for a private service, made for ``account``, which must be allowed to call it.

    ``audience`` is the service's own URL, also for a request to a tag's.

    Raises:
        GcloudError: the caller may not act as the account.
    """
    options = (f"--impersonate-service-account={account}", f"--audiences={audience}")
    return gcloud.read_text("auth", "print-identity-token", *options).strip()
