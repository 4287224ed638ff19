"""How each target is to be called, and made so."""

import time

from twinserve.config.deployment import Resources
from twinserve.contract.check import CheckError
from twinserve.delivery.project import Cloud
from twinserve.targets.google.access import Access, decide_access, is_private
from twinserve.targets.google.gcloud import GcloudError

# Permissions take a while to reach every one of Google's front ends.
SETTLED_WITHIN_S = 90.0
INTERVAL_S = 1.0


def access_of(cloud: Cloud, settings: Resources) -> Access:
    """What ``params.yaml`` and the organisation's policies make of a target; why, if otherwise.

    Raises:
        GcloudError: the policies cannot be read.
    """
    if not settings.public:
        return Access.PRIVATE
    decision = decide_access(cloud.gcloud, cloud.deployment.public_by)
    if decision.access is Access.PRIVATE:
        cloud.say(
            f"      {settings.name} is private, though params.yaml has it public: {decision.reason}"
        )
    return decision.access


def settle_access(cloud: Cloud, settings: Resources, url: str) -> Access | None:
    """Make the service public or private as it is to be; how that was changed, None if it was so.

    Raises:
        CheckError: it still answers otherwise after a while.
        GcloudError: the change was refused.
    """
    if is_private(f"{url}/predict") is not settings.public:
        return None
    if settings.public:
        way = access_of(cloud, settings)
        if way is Access.PRIVATE:
            return None
    else:
        way = cloud.run.opened_by(settings.name)
    cloud.say(f"      {settings.name}: {'public' if settings.public else 'private'} from now on")
    try:
        cloud.run.set_public(settings.name, public=settings.public, by=way)
    except GcloudError as error:
        # A policy, or a right that is missing: a private endpoint is no worse a release.
        if not settings.public:
            raise
        cloud.say(f"      {settings.name} stays private: {error}")
        return None
    deadline = time.monotonic() + SETTLED_WITHIN_S
    while is_private(f"{url}/predict") is settings.public:
        if time.monotonic() > deadline:
            wanted = "public" if settings.public else "private (403 without a token)"
            raise CheckError(f"{settings.name} is not {wanted} after {SETTLED_WITHIN_S:.0f} s")
        time.sleep(INTERVAL_S)
    return way
