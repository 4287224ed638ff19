"""The releases that both targets serve, and whether they are in step."""

import argparse
from typing import Any

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from twinserve.config.errors import UserError
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.lease import read_held
from twinserve.delivery.release.lock_object import Held, has_expired
from twinserve.delivery.release.records import read_records
from twinserve.delivery.release.reproduction import reproduced
from twinserve.delivery.release.traffic import Services, release_of
from twinserve.targets.google.cloud_run import Service

WIDTH = 80
OUT_OF_STEP = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project."""
    add_cloud_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it; exit code 0 if both serve one release."""
    cloud = open_cloud(arguments)
    services = cloud.run.services()
    cloud.console.print(_table(cloud, services), width=min(cloud.console.width, WIDTH))
    release = release_of(cloud, services)
    cloud.say(f"in step: {release}" if release else _out_of_step(cloud, services))
    attested = _attested(cloud, release)
    held, expired = _lock(cloud)
    members = _members(cloud, services, release)
    members |= {"attested": attested, "lock": held and _held(held, expired=expired)}
    cloud.result(members)
    return 0 if release else OUT_OF_STEP


def _attested(cloud: Cloud, release: str | None) -> str | None:
    """Say who attests what serves; what cannot be read hides nothing else."""
    if release is None:
        return None
    try:
        record = read_records(cloud, release).of(release)
    except UserError as error:
        cloud.say(f"attested: cannot be read ({error})")
        return None
    by = record.attested if record else None
    cloud.say(f"attested: by {by}" if by else "attested: not verified")
    if record:
        cloud.say(reproduced(record.reproduced_by, record.reproduced_at))
    return by


def _lock(cloud: Cloud) -> tuple[Held | None, bool | None]:
    """Say who holds the lock, and whether for too long; None if that cannot be known."""
    try:
        held = read_held(cloud)
    except UserError as error:
        cloud.say(f"lock: cannot be read ({error})")
        return None, None
    if held is None:
        return None, None
    expired = has_expired(held)
    until = f"until {held.ends:%Y-%m-%d %H:%M:%S} UTC at the latest"
    cloud.say(f"lock: {held.lock.owner}, {held.lock.purpose}, {'expired' if expired else until}")
    if held.lock.stop:
        cloud.say(f"      {held.lock.stop} has asked for its stop")
    if held.fault:
        cloud.say(f"      what stands in it is no lock ({held.fault}); --take-over replaces it")
    return held, expired


def _held(held: Held, *, expired: bool | None) -> dict[str, Any]:
    return {
        "owner": held.lock.owner,
        "purpose": held.lock.purpose,
        "expires": held.ends.isoformat(timespec="seconds"),
        "expired": expired,
        "stop": held.lock.stop,
        "fault": held.fault,
    }


def _out_of_step(cloud: Cloud, services: Services) -> str:
    there = [target.name for target in cloud.targets.values() if target.name in services]
    if not there:
        return "nothing is deployed yet: `twinserve release`"
    return (
        "out of step: `twinserve rollback` puts both on the release before, "
        "`twinserve release` brings both to what lies in dist/"
    )


def _table(cloud: Cloud, services: Services) -> Table:
    table = Table("", "release", "traffic", "image", "revision", box=SIMPLE, pad_edge=False)
    table.columns[-1].overflow = "fold"
    for target, settings in cloud.targets.items():
        service = services.get(settings.name)
        if service is None:
            table.add_row(target, "not deployed", "", "", "")
            continue
        for revision, percent in service.shares.items():
            release, digest = _about(service, revision)
            short = digest.removeprefix("sha256:")[:12] if digest else "?"
            shown = (target, release or "not ours", f"{percent}%", short, revision)
            table.add_row(*map(Text, shown))
        for tag, revision in service.tags.items():
            shown = (target, _about(service, revision)[0] or "", tag, "", revision)
            table.add_row(*map(Text, shown))
    return table


def _about(service: Service, name: str) -> tuple[str | None, str | None]:
    """Release and image digest of a revision."""
    for revision in service.revisions:
        if revision.name == name:
            return revision.release, revision.digest
    return None, None


def _members(cloud: Cloud, services: Services, release: str | None) -> dict[str, Any]:
    targets: dict[str, Any] = {}
    for target, settings in cloud.targets.items():
        service = services.get(settings.name)
        targets[target] = service and {
            "name": service.name,
            "url": service.url,
            "traffic": [
                {
                    "revision": revision,
                    "percent": percent,
                    "release": _about(service, revision)[0],
                    "digest": _about(service, revision)[1],
                }
                for revision, percent in service.shares.items()
            ],
            "tags": dict(service.tags),
        }
    return {"in_step": release is not None, "release": release, "targets": targets}
