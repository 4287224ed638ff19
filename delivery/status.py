"""What serves on both targets, and whether they are in step."""

import argparse
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from delivery.cloud import Cloud, add_cloud_arguments, open_cloud
from delivery.lease import Lock, read_lock
from delivery.traffic import Services, release_of
from targets.cloud_run import Service, read_services

WIDTH = 80
OUT_OF_STEP = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project."""
    add_cloud_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print it; exit code 0 if both serve one release."""
    cloud = open_cloud(arguments)
    services = read_services(cloud.gcloud, cloud.region)
    lock = read_lock(cloud)
    cloud.console.print(_table(cloud, services), width=min(cloud.console.width, WIDTH))
    release = release_of(cloud, services)
    cloud.say(f"in step: {release}" if release else _out_of_step(cloud, services))
    if lock is not None:
        state = "expired" if lock.expired else f"until {lock.expires} at the latest"
        cloud.say(f"lock: {lock.owner}, {lock.purpose}, {state}")
    cloud.result(_members(cloud, services, release, lock))
    return 0 if release else OUT_OF_STEP


def _out_of_step(cloud: Cloud, services: Services) -> str:
    there = [one.name for one in cloud.targets.values() if one.name in services]
    if not there:
        return "nothing is deployed yet: `python -m delivery release`"
    return (
        "out of step: `python -m delivery rollback` puts both on the release before, "
        "`python -m delivery release` brings both to what lies in dist/"
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
            table.add_row(target, release or "not ours", f"{percent}%", short, revision)
        for tag, revision in service.tags.items():
            table.add_row(target, _about(service, revision)[0] or "", tag, "", revision)
    return table


def _about(service: Service, name: str) -> tuple[str | None, str | None]:
    """Release and image digest of a revision."""
    for revision in service.revisions:
        if revision.name == name:
            return revision.release, revision.digest
    return None, None


def _members(
    cloud: Cloud, services: Services, release: str | None, lock: Lock | None
) -> dict[str, Any]:
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
    held = lock and {
        "owner": lock.owner,
        "purpose": lock.purpose,
        "expires": lock.expires,
        "expired": lock.expired,
    }
    return {"in_step": release is not None, "release": release, "targets": targets, "lock": held}
