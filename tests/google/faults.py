"""Failures that a test can ask for."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.google.api import ApiError, DroppedError, Request
from tests.google.state import PROJECT, PROJECT_NUMBER

# What a revision whose code is wrong answers.
WRONG = b'{"prediction": 99, "model_version": "v0"}'


@dataclass(slots=True)
class Fault:
    """An error, a delay or a call of the test's own, on the API calls that ``match``.

    Attributes:
        match: regular expression, searched in ``METHOD host/path?query``; hosts have no region.
        error: answered in place of what was asked for (``DroppedError``: no answer at all); None
            lets the call through.
        times: how often it strikes; 0 is always.
        delay_s: waited first.
        after: the call is carried out all the same, and only its answer is the error.
        action: called with the request when it strikes, before anything else is done.
        done: called once the call has been carried out, before it is answered.
    """

    match: str
    error: ApiError | DroppedError | None = None
    times: int = 1
    delay_s: float = 0.0
    after: bool = False
    action: Callable[[Request], None] | None = None
    done: Callable[[], None] | None = None
    struck: int = 0

    def strikes(self, call: str) -> bool:
        """Whether it is this call's turn; counts it."""
        if (self.times and self.struck >= self.times) or not re.search(self.match, call):
            return False
        self.struck += 1
        return True

    def strike_before(self, request: Request) -> None:
        """Do what comes before the call is carried out.

        Raises:
            ApiError, DroppedError: in its place.
        """
        if self.action is not None:
            self.action(request)
        time.sleep(self.delay_s)
        if self.error is not None and not self.after:
            raise self.error

    def strike_after(self) -> None:
        """Do what becomes of its answer.

        Raises:
            ApiError, DroppedError: in its place.
        """
        if self.done is not None:
            self.done()
        if self.error is not None:
            raise self.error


def permission_denied(permission: str = "run.services.get") -> ApiError:
    """403, as a caller without the role gets it."""
    message = (
        f"Permission '{permission}' denied on resource (or it may not exist): projects/{PROJECT}"
    )
    return ApiError(403, "PERMISSION_DENIED", message)


def service_disabled(api: str = "run.googleapis.com") -> ApiError:
    """403 with the reason ``SERVICE_DISABLED`` of google.rpc.ErrorInfo."""
    console = f"https://console.developers.google.com/apis/api/{api}/overview?project={PROJECT}"
    message = (
        f"Cloud Run Admin API has not been used in project {PROJECT_NUMBER} before or it is "
        f"disabled. Enable it by visiting {console} then retry. If you enabled this API recently, "
        "wait a few minutes for the action to propagate to our systems and retry."
    )
    information = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "SERVICE_DISABLED",
        "domain": "googleapis.com",
        "metadata": {"service": api, "consumer": f"projects/{PROJECT_NUMBER}"},
    }
    return ApiError(403, "PERMISSION_DENIED", message, [information])


def quota_exceeded() -> ApiError:
    """429."""
    message = (
        "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per "
        "region' of service 'run.googleapis.com' for consumer "
        f"'project_number:{PROJECT_NUMBER}'."
    )
    return ApiError(429, "RESOURCE_EXHAUSTED", message)


def unauthenticated() -> ApiError:
    """401: the token has expired or was never one."""
    message = (
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login "
        "cookie or other valid authentication credential."
    )
    return ApiError(401, "UNAUTHENTICATED", message)
