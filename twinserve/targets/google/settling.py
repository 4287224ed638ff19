"""Google is eventually consistent: what was just made is not known everywhere at once.

Source: IAM, "Access change propagation" (about two minutes, seven or more at times) and "Create
service accounts" (a new account may take a minute to be known, so calls are to be repeated with
exponential backoff); Service Usage, SERVICE_DISABLED: "If you enabled this API recently, wait a few
minutes for the action to propagate".
"""

import time
from collections.abc import Callable
from typing import TypeVar

from twinserve.targets.google.gcloud import GcloudError, Reason

Result = TypeVar("Result")
UNSETTLED = frozenset({Reason.DISABLED, Reason.NO_ACCOUNT})
WITHIN_S = 420.0
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


def once_settled(call: Callable[[], Result], tell: Callable[[str], None]) -> Result:
    """The result of a call that may be repeated, as soon as what it builds on is known.

    Raises:
        GcloudError: it is refused for another reason, or still not known after so many seconds.
    """
    deadline, pause = time.monotonic() + WITHIN_S, FIRST_PAUSE_S
    while True:
        try:
            return call()
        except GcloudError as error:
            if error.reason not in UNSETTLED or time.monotonic() + pause > deadline:
                raise
            tell(f"not known everywhere yet ({error.reason}); again in {pause:.0f} s")
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)
