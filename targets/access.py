"""Who may call a deployed endpoint: seen from outside, and an identity token for those who may."""

import urllib.error
import urllib.request
from http import HTTPStatus

from config.errors import UserError
from targets.gcloud import Gcloud
from targets.opener import open_url

LIMIT_S = 30.0


def status_without_token(url: str) -> int:
    """The status that anyone gets who asks ``url``.

    Raises:
        UserError: nothing answers there.
    """
    request = urllib.request.Request(url, method="GET")  # noqa: S310 - a URL that gcloud names
    try:
        with open_url(request, LIMIT_S) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code
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
