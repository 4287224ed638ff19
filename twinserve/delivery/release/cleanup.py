"""Delete what no release needs any more, or everything: shown first, then asked for."""

import argparse
import sys
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from twinserve.config.errors import UserError
from twinserve.delivery.data.collection import collection
from twinserve.delivery.names import data_bucket, image_path, releases_bucket, sources_bucket
from twinserve.delivery.project import Cloud, add_cloud_arguments, open_cloud
from twinserve.delivery.release.builds import list_old
from twinserve.delivery.release.lease import leased
from twinserve.delivery.release.records import Records, read_records
from twinserve.delivery.release.traffic import Services
from twinserve.targets.google.cloud_run import Service
from twinserve.targets.google.probe import left_over
from twinserve.targets.google.project.resources import delete_bucket, delete_repository
from twinserve.targets.google.registry import Image, delete_image, list_images
from twinserve.targets.google.storage import delete_object

# Where `gcloud run deploy --source` keeps the images that it builds.
SOURCE_REPOSITORY = "cloud-run-source-deploy"


class Deletion(NamedTuple):
    """A resource to delete, and how."""

    subject: str
    delete: Callable[[], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, and how much is to stay."""
    add_cloud_arguments(parser)
    how_much = parser.add_mutually_exclusive_group()
    how_much.add_argument(
        "--keep", type=int, metavar="N", help="newest releases that stay; else params.yaml's number"
    )
    how_much.add_argument(
        "--everything", action="store_true", help="both targets, every image, both buckets"
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--take-over", action="store_true", help="take the lock of a release known to be dead"
    )


def run(arguments: argparse.Namespace) -> None:
    """Show, ask, delete.

    Raises:
        UserError: there is nobody to ask and ``--yes`` is not given, or Google refuses.
    """
    cloud = open_cloud(arguments)
    keep = cloud.deployment.keep_releases if arguments.keep is None else arguments.keep
    if keep < 1:
        raise UserError("--keep must be 1 or more; what serves always stays. See --everything")
    with leased(cloud, "cleanup", take_over=arguments.take_over):
        services = cloud.run.services()
        images = _images(cloud)
        if arguments.everything:
            deletions = [*_probes(cloud, services), *_everything(cloud, services)]
        else:
            kept = _kept(cloud, services, read_records(cloud), keep)
            deletions = [
                *_probes(cloud, services),
                *_revisions(cloud, services, kept),
                *_old_images(cloud, services, kept, images),
                *_old_builds(cloud, kept),
            ]
            for line in collection(kept.commits):
                cloud.say(line)
        if not deletions:
            cloud.say("nothing to delete")
        elif _agreed(cloud, deletions, yes=arguments.yes):
            for deletion in deletions:
                cloud.say(f"deleting {deletion.subject}")
                deletion.delete()
        else:
            cloud.say("nothing was deleted")
            deletions = []
        cloud.result({"deleted": [deletion.subject for deletion in deletions]})


def _agreed(cloud: Cloud, deletions: Sequence[Deletion], *, yes: bool) -> bool:
    cloud.say("to be deleted:")
    for deletion in deletions:
        cloud.say(f"  {deletion.subject}")
    if yes or cloud.dry_run:
        return True
    if not sys.stdin.isatty():
        raise UserError("nobody to ask: give --yes to delete what is listed")
    return cloud.console.input(f"delete these {len(deletions)}? \\[y/N] ").strip().lower() == "y"


def _probes(cloud: Cloud, services: Services) -> list[Deletion]:
    return [_service(cloud, name, "probe service") for name in left_over(services)]


def _service(cloud: Cloud, name: str, kind: str) -> Deletion:
    return Deletion(f"{kind} {name}", partial(cloud.run.delete_service, name))


@dataclass(frozen=True, slots=True)
class _Kept:
    """The parts of the releases that stay.

    Attributes:
        since: when the oldest of them was promoted; None if none was.
        commits: that they were built from.
    """

    releases: AbstractSet[str]
    since: datetime | None
    revisions: frozenset[str]
    digests: frozenset[str]
    commits: tuple[str, ...]


def _kept(cloud: Cloud, services: Services, records: Records, newest: int) -> _Kept:
    """The newest releases, and those with an unreadable record: nobody knows how new they are."""
    unread = [
        revision
        for service in _ours(cloud, services)
        for revision in service.revisions
        if revision.release in records.bad
    ]
    stay = records.good[-newest:]
    serving = {
        revision.release or ""
        for service in _ours(cloud, services)
        for revision in service.revisions
        if revision.name in _protected(service)
    }
    promoted = (datetime.fromisoformat(record.promoted_at).astimezone(UTC) for record in stay)
    return _Kept(
        serving | {record.release for record in stay} | records.bad.keys(),
        min(promoted, default=None),
        frozenset(name for record in stay for name in record.revisions.values())
        | {revision.name for revision in unread},
        frozenset(digest for record in stay for digest in record.digests.values())
        | {revision.digest or "" for revision in unread},
        tuple(record.commit for record in stay),
    )


def _revisions(cloud: Cloud, services: Services, kept: _Kept) -> list[Deletion]:
    """Revisions of no kept release, none of which serves, has a tag, or is the latest."""
    return [
        Deletion(f"revision {name}", partial(cloud.run.delete_revision, name))
        for service in _ours(cloud, services)
        for name in (revision.name for revision in service.revisions)
        if name not in kept.revisions | _protected(service)
    ]


def _ours(cloud: Cloud, services: Services) -> list[Service]:
    return [services[target.name] for target in cloud.targets.values() if target.name in services]


def _protected(service: Service) -> set[str]:
    """The revisions that Cloud Run will not delete, nor we."""
    return {*service.shares, *service.tags.values(), *service.latest}


def _images(cloud: Cloud) -> list[Image]:
    gcloud, deployment = cloud.gcloud, cloud.deployment
    own = image_path(deployment, gcloud.project)
    built = f"{deployment.region}-docker.pkg.dev/{gcloud.project}/{SOURCE_REPOSITORY}"
    return [
        image
        for path in (own, f"{built}/{deployment.function.name}")
        for image in list_images(gcloud, path)
    ]


def _old_images(
    cloud: Cloud, services: Services, kept: _Kept, images: Sequence[Image]
) -> list[Deletion]:
    """Images of no kept release and of no revision that stays; never the newest of a path."""
    stay = set(kept.digests)
    for service in _ours(cloud, services):
        protected = _protected(service)
        stay |= {
            revision.digest or "" for revision in service.revisions if revision.name in protected
        }
    newest: dict[str, str] = {}
    for image in images:
        newest.setdefault(image.path, image.digest)
    return [
        _image(cloud, image)
        for image in images
        if image.digest not in stay and newest[image.path] != image.digest
    ]


def _image(cloud: Cloud, image: Image) -> Deletion:
    tags = f" ({', '.join(image.tags)})" if image.tags else ""
    return Deletion(f"image {image.url}{tags}", partial(delete_image, cloud.gcloud, image))


def _old_builds(cloud: Cloud, kept: _Kept) -> list[Deletion]:
    """Builds of releases that are gone, or never came about."""
    if kept.since is None:
        return []
    return [
        Deletion(
            f"object {cloud.object_url(entry.name)}",
            partial(
                delete_object,
                cloud.gcloud,
                cloud.object_url(entry.name),
                generation=entry.generation,
            ),
        )
        for entry in list_old(cloud, kept.releases, kept.since)
    ]


def _everything(cloud: Cloud, services: Services) -> list[Deletion]:
    """Both targets, the repositories of their images, and the buckets, the lock's last."""
    gcloud, region = cloud.gcloud, cloud.region
    deletions = [_service(cloud, service.name, "service") for service in _ours(cloud, services)]
    for name in (cloud.deployment.repository, SOURCE_REPOSITORY):
        subject = f"repository {name} with every image"
        deletions.append(Deletion(subject, partial(delete_repository, gcloud, region, name)))
    sources = sources_bucket(gcloud.project, region)
    for name in (data_bucket(gcloud.project), sources, releases_bucket(gcloud.project)):
        subject = f"bucket gs://{name} with all that is in it"
        deletions.append(Deletion(subject, partial(delete_bucket, gcloud, name)))
    return deletions
