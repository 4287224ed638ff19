"""Both targets go to one release, or neither does.

candidate → check → promote both → confirm. Whatever fails, an interrupt included, puts both back to
where they were.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from config.card import Card, load_card
from config.errors import UserError
from config.layout import CARD_NAME
from delivery.access import settle_access
from delivery.bundle import DIST
from delivery.candidate import Candidate, deploy_candidates, series
from delivery.checks import check_candidates, confirm, endpoint_of
from delivery.cloud import Cloud, add_cloud_arguments, current_owner, open_cloud
from delivery.console import say_step
from delivery.identity import Identity, read_identity
from delivery.lease import Lease, leased
from delivery.records import Record, now, read_image, read_records, write_record
from delivery.traffic import (
    Services,
    both_or_neither,
    cut_short,
    move,
    positions,
    release_of,
)
from targets.cloud_run import read_services, set_public

STEPS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, the commit, and what to do about a lock."""
    add_cloud_arguments(parser)
    parser.add_argument("--commit", help="git's; else $COMMIT_SHA, $GITHUB_SHA, or HEAD")
    parser.add_argument(
        "--take-over", action="store_true", help="take the lock of a release known to be dead"
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``release``."""
    cloud = open_cloud(arguments)
    identity = read_identity(arguments.commit)
    release(cloud, identity, take_over=arguments.take_over)


Check = Callable[[Cloud, Sequence[Candidate], Card], object]


@dataclass(frozen=True, slots=True)
class _Begun:
    """A release under way."""

    cloud: Cloud
    identity: Identity
    card: Card
    lease: Lease
    check: Check


def release(
    cloud: Cloud,
    identity: Identity,
    *,
    take_over: bool = False,
    check: Check = check_candidates,
) -> None:
    """Bring what lies in ``dist/`` to both targets; ``check`` decides on the candidates.

    Raises:
        LockedError: another release is under way.
        CheckError: a candidate failed; traffic is as it was.
        KeepLockError: something failed, and traffic could not be put back.
        UserError: anything else; traffic is as it was.
    """
    card = load_card(DIST / "service" / CARD_NAME)
    cloud.say(f"release {identity.name} to {cloud.gcloud.project}, {cloud.region}")
    with leased(cloud, f"release {identity.name}", take_over=take_over) as lease:
        services = read_services(cloud.gcloud, cloud.region)
        found = cut_short(cloud, services, lease.dead)
        if found is None and _serves_already(cloud, identity, services):
            cloud.say(f"{identity.name} serves on both already: nothing to do")
            _record(cloud, identity, card, services, only_if_missing=True)
            cloud.result({"release": identity.name, "changed": False})
            return
        # A release that died may have left the two apart: what it found is what was good.
        before = positions(cloud, services) if found is None else found
        lease.record(before)
        with both_or_neither(cloud, before):
            _go(_Begun(cloud, identity, card, lease, check), services)
    cloud.result({"release": identity.name, "changed": not cloud.gcloud.dry_run})


def _serves_already(cloud: Cloud, identity: Identity, services: Services) -> bool:
    """Whether both serve this release, with these settings and this image."""
    if release_of(cloud, services) != identity.name:
        return False
    image = read_image(cloud, identity.name)
    for target, settings in cloud.targets.items():
        serving = services[settings.name].serving
        wanted = series(cloud, identity, target, image if target == "service" else None)
        if serving is None or not serving.name.startswith(f"{settings.name}-{wanted}-"):
            return False
    return True


def _go(begun: _Begun, services: Services) -> None:
    cloud = begun.cloud
    say_step(cloud.console, 1, STEPS, "candidates, without traffic")
    candidates = deploy_candidates(cloud, begun.identity, services)
    say_step(cloud.console, 2, STEPS, "check both candidates")
    if cloud.gcloud.dry_run:
        cloud.say("  (skipped: there is nothing to ask on a dry run)")
    else:
        begun.check(cloud, candidates, begun.card)
    say_step(cloud.console, 3, STEPS, "promote both")
    begun.lease.renew()
    for one in candidates:
        move(cloud, one.settings.name, one.revision, tagged=one.tagged)
    say_step(cloud.console, 4, STEPS, "confirm and record")
    if not cloud.gcloud.dry_run:
        _confirm(begun, candidates)
        after = read_services(cloud.gcloud, cloud.region)
        if release_of(cloud, after) != begun.identity.name:
            raise UserError("traffic was moved, but not all of it is there; is someone else at it?")
        _record(cloud, begun.identity, begun.card, after)
        cloud.say(f"{begun.identity.name} serves on both:")
        for one in candidates:
            cloud.say(f"  {one.target:<9} {one.service_url}")


def _confirm(begun: _Begun, candidates: Sequence[Candidate]) -> None:
    """See both answer at their own URLs, public or private as they are to be."""
    cloud, golden = begun.cloud, begun.card.golden[0]
    opened = []
    try:
        endpoints = []
        for one in candidates:
            url = one.service_url or ""
            if (way := settle_access(cloud, one.settings, url)) is not None:
                opened.append((one, way))
            endpoints.append(endpoint_of(cloud, one.target, url, url))
        answer = {"prediction": golden.prediction, "model_version": begun.card.version}
        confirm(endpoints, golden.features, answer)
    except BaseException:
        for one, way in opened:
            name, public = one.settings.name, one.settings.public
            set_public(cloud.gcloud, cloud.region, name, public=not public, by=way)
        raise


def _record(
    cloud: Cloud,
    identity: Identity,
    card: Card,
    services: Services,
    *,
    only_if_missing: bool = False,
) -> None:
    if only_if_missing and any(one.release == identity.name for one in read_records(cloud)):
        return
    serving = {
        target: services[settings.name].serving for target, settings in cloud.targets.items()
    }
    members = asdict(identity)
    members["release"] = members.pop("name")
    record = Record(
        **members,
        revisions={target: one.name for target, one in serving.items() if one},
        digests={target: one.digest or "" for target, one in serving.items() if one},
        example=card.golden[0].features,
        expected=card.golden[0].prediction,
        promoted_at=now(),
        promoted_by=current_owner(),
    )
    write_record(cloud, record)
