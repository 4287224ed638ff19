"""Traffic of both targets: where it stands, moving it on both, putting it back on both."""

import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.lease import KeepLockError, LockedError, Positions, StopAskedError
from twinserve.delivery.release.lock_object import Lock
from twinserve.delivery.release.records import read_records
from twinserve.targets.google.cloud_run import FULL, Service
from twinserve.targets.google.gcloud import GcloudError

Services = Mapping[str, Service]


def positions(cloud: Cloud, services: Services) -> Positions:
    """Where the traffic of both targets stands."""
    return {
        settings.name: services[settings.name].shares if settings.name in services else {}
        for settings in cloud.targets.values()
    }


def release_of(cloud: Cloud, services: Services) -> str | None:
    """The one release that has all the traffic of both targets; None if there is no such one."""
    serving = [
        services[settings.name].serving if settings.name in services else None
        for settings in cloud.targets.values()
    ]
    names = {revision.release if revision else None for revision in serving}
    return names.pop() if len(names) == 1 else None


def positions_before_interrupted_release(
    cloud: Cloud, services: Services, dead: Lock | None
) -> Positions | None:
    """Where a release that died found the traffic, unless it had come to its end.

    ``dead`` is its lock, if a lock was taken over.

    Raises:
        GcloudError: the records cannot be read.
    """
    if dead is None:
        return None
    now = positions(cloud, services)
    if dead.before is None or dead.before == now:
        return now
    names = {target: settings.name for target, settings in cloud.targets.items()}
    confirmed = [
        {names[target]: {revision: FULL} for target, revision in record.revisions.items()}
        for record in read_records(cloud).good
    ]
    return None if now in confirmed else dead.before


@contextmanager
def both_or_neither(cloud: Cloud, before: Positions) -> Iterator[None]:
    """Whatever goes wrong inside, an interrupt too, puts both back to where they were.

    Raises:
        KeepLockError: that failed too.
    """
    try:
        yield
    except LockedError:
        raise  # Whoever has the lock now decides about the traffic.
    except BaseException as error:
        if not cloud.dry_run:
            cloud.say(f"{_ending(error)}: both go back to where they were")
            with _undisturbed():
                interrupted = isinstance(error, KeyboardInterrupt)
                restore(cloud.hurried() if interrupted else cloud, before)
        raise


def _ending(error: BaseException) -> str:
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    return "stopped" if isinstance(error, StopAskedError) else "failed"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """No further interrupt: a machine that goes away asks twice, and this takes its time once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    # Not SIG_IGN, which gcloud would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def move(cloud: Cloud, service: str, revision: str, *, tagged: bool) -> None:
    """Give all traffic to one revision, and take the candidate's tag away.

    Raises:
        GcloudError: it was refused.
    """
    cloud.say(f"      {service}: all traffic to {revision}")
    _set(cloud, service, {revision: FULL}, tagged=tagged)


def restore(cloud: Cloud, before: Positions) -> None:
    """Put both targets back to where they were; what is there already is left alone.

    Raises:
        KeepLockError: a target could not be put back; the message says what to run.
    """
    try:
        services = cloud.run.services()
    except UserError as error:
        raise _stuck(before, [str(error)]) from None
    faults = []
    for name, shares in before.items():
        service = services.get(name)
        try:
            if service is not None:
                _put_back(cloud, service, shares)
        except GcloudError as error:
            faults.append(str(error))
    if faults:
        raise _stuck(before, faults)


def _put_back(cloud: Cloud, service: Service, shares: Mapping[str, int]) -> None:
    tagged = cloud.deployment.candidate_tag in service.tags
    if not shares:
        cloud.say(f"      {service.name}: deleted, it was not there before")
        cloud.run.delete_service(service.name)
    elif service.shares != shares:
        cloud.say(f"      {service.name}: traffic back to {', '.join(shares)}")
        _set(cloud, service.name, shares, tagged=tagged)
    elif tagged:
        try:
            _set(cloud, service.name, shares, tagged=True)
        except GcloudError as error:
            # It has no traffic, and the next candidate takes the tag.
            cloud.say(f"      {service.name}: the failed candidate keeps its tag: {error}")


def _set(cloud: Cloud, name: str, shares: Mapping[str, int], *, tagged: bool) -> None:
    without = cloud.deployment.candidate_tag if tagged else None
    cloud.run.set_traffic(name, shares, without_tag=without)


def _stuck(before: Positions, faults: list[str]) -> KeepLockError:
    where = "; ".join(
        f"{name}: {', '.join(f'{revision}={percent}' for revision, percent in shares.items())}"
        if shares
        else f"{name}: not there"
        for name, shares in before.items()
    )
    return KeepLockError(
        f"traffic could not be put back ({' / '.join(faults)}). It stood at {where}. "
        "Run `twinserve rollback --take-over` once the cause is gone"
    )
