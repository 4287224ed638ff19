"""Both targets go back to a release that served before, or neither does."""

import argparse

from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.acceptance import confirm, endpoint_of
from twinserve.delivery.release.lease import leased
from twinserve.delivery.release.records import Record, Records, read_records
from twinserve.delivery.release.traffic import (
    Services,
    both_or_neither,
    move,
    positions,
    positions_before_interrupted_release,
    release_of,
    restore,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, and where to go back to."""
    add_cloud_arguments(parser)
    parser.add_argument(
        "to",
        nargs="?",
        metavar="RELEASE|VERSION",
        help="a release, or a model version, meaning its newest release; else the release before",
    )
    parser.add_argument(
        "--take-over", action="store_true", help="take the lock of a release known to be dead"
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``roll_back``."""
    # A workflow's empty input is no name.
    roll_back(open_cloud(arguments), arguments.to or None, take_over=arguments.take_over)


def roll_back(cloud: Cloud, to: str | None, *, take_over: bool = False) -> None:
    """Move the traffic of both to a release that is still there.

    A release that is under way is asked for its stop, and waited for. Without a name, both go back
    to where that release, or one that died, found them.

    Raises:
        LockedError: another rollback is under way, or a cleanup.
        KeepLockError: something failed, and traffic could not be put back.
        UserError: there is no such release, or it is no longer there; traffic is as it was.
    """
    purpose = f"rollback to {to or 'the release before'}"
    with leased(cloud, purpose, take_over=take_over, stops=True) as lease:
        services = cloud.run.services()
        earlier = positions_before_interrupted_release(cloud, services, lease.dead)
        if to is None and earlier is not None:
            cloud.say(
                "a release was cut short: both go back to where it found them, if it moved any"
            )
            restore(cloud, earlier)
            release = release_of(cloud, cloud.run.services())
            if release is not None:
                cloud.say(f"{release} serves on both; run it again for the release before that")
            cloud.result({"release": release})
            return
        record = _chosen(cloud, services, read_records(cloud), to)
        before = positions(cloud, services) if earlier is None else earlier
        lease.keep_positions(before)
        with both_or_neither(cloud, before):
            _run_steps(cloud, services, record)
        cloud.say(f"{record.release} serves on both")
        cloud.result({"release": record.release})


def _chosen(cloud: Cloud, services: Services, recorded: Records, to: str | None) -> Record:
    """The record of the release to go back to.

    Raises:
        UserError: there is none, it cannot be read, or a revision of it has been deleted.
    """
    current, records = release_of(cloud, services), recorded.good
    if to is not None:
        recorded.of(to)
        fitting = [record for record in records if to in {record.release, record.version}]
    else:
        at = next(
            (i for i, record in enumerate(records) if record.release == current), len(records)
        )
        fitting = list(records[:at])
    if not fitting:
        known = ", ".join(record.release for record in reversed(records)) or "none"
        if to is None and not services:
            raise UserError("nothing is deployed that could be rolled back")
        fault = (
            f"no release or version {to}" if to else f"nothing before {current or 'the present'}"
        )
        raise UserError(f"{fault} is recorded; recorded are, newest first: {known}")
    record = fitting[-1]
    for target, settings in cloud.targets.items():
        service = services.get(settings.name)
        names = {revision.name for revision in service.revisions} if service else set()
        if record.revisions[target] not in names:
            raise UserError(
                f"{record.release} is recorded, but its revision {record.revisions[target]} is no "
                f"longer there; release it again: `twinserve release --from-build "
                f"{record.release}`, or check its commit out: git checkout {record.commit}"
            )
    return record


def _run_steps(cloud: Cloud, services: Services, record: Record) -> None:
    tag = cloud.deployment.candidate_tag
    for target, settings in cloud.targets.items():
        tagged = tag in services[settings.name].tags
        move(cloud, settings.name, record.revisions[target], tagged=tagged)
    if cloud.dry_run:
        return
    endpoints = [
        endpoint_of(cloud, target, services[settings.name].url, services[settings.name].url)
        for target, settings in cloud.targets.items()
    ]
    answer = {"prediction": record.expected, "model_version": record.version}
    confirm(endpoints, record.example, answer)
