"""Both targets go to one release, or neither does.

candidate → check → promote both → confirm. Whatever fails, an interrupt included, puts both back to
where they were.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.delivery.access import settle_access
from twinserve.delivery.bundle.identity import Identity, current_commit, now, read_identity
from twinserve.delivery.console import say_step
from twinserve.delivery.project import Cloud, add_cloud_arguments, current_owner, open_cloud
from twinserve.delivery.release.acceptance import check_candidates, confirm, endpoint_of
from twinserve.delivery.release.builds import BuildRecord, read_build, read_build_of_commit
from twinserve.delivery.release.candidate import Candidate, deploy_candidates, series
from twinserve.delivery.release.lease import Lease, leased
from twinserve.delivery.release.payload import Payload, open_payload
from twinserve.delivery.release.records import Record, read_records, write_record
from twinserve.delivery.release.reproduction import with_night
from twinserve.delivery.release.traffic import (
    Services,
    both_or_neither,
    move,
    positions,
    positions_before_interrupted_release,
    release_of,
)

STEPS = 4


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Take the project, what to release, and what to do about a lock."""
    add_cloud_arguments(parser)
    parser.add_argument("--commit", help="git's; else $COMMIT_SHA, $GITHUB_SHA, or HEAD")
    parser.add_argument(
        "--from-build",
        nargs="?",
        const="",
        metavar="RELEASE",
        help="take what `build --push` has put into the project, of this release or else of the "
        "commit, in place of what lies in dist/",
    )
    parser.add_argument(
        "--take-over", action="store_true", help="take the lock of a release known to be dead"
    )


def run(arguments: argparse.Namespace) -> None:
    """See ``release``."""
    cloud = open_cloud(arguments)
    build = None
    if arguments.from_build is None:
        identity = read_identity(arguments.commit)
    else:
        build = (
            read_build(cloud, arguments.from_build)
            if arguments.from_build
            else read_build_of_commit(cloud, arguments.commit or current_commit())
        )
        identity = build.identity
    identity = with_night(cloud, identity)
    release(cloud, identity, build=build, take_over=arguments.take_over)


Check = Callable[[Cloud, Sequence[Candidate], Card], object]


@dataclass(frozen=True, slots=True)
class _ReleaseRun:
    """A release under way."""

    cloud: Cloud
    payload: Payload
    lease: Lease
    check: Check

    @property
    def name(self) -> str:
        return self.payload.identity.name


def release(
    cloud: Cloud,
    identity: Identity,
    *,
    build: BuildRecord | None = None,
    take_over: bool = False,
    check: Check | None = None,
) -> None:
    """Bring a build, or else what lies in ``dist/``, to both targets.

    ``check`` decides on the candidates; by default the contract and a short load do.

    Raises:
        LockedError: another release is under way.
        CheckError: a candidate failed; traffic is as it was.
        StopAskedError: a rollback has asked for it; traffic is as it was.
        KeepLockError: something failed, and traffic could not be put back.
        UserError: anything else; traffic is as it was.
    """
    cloud.say(f"release {identity.name} to {cloud.project}, {cloud.region}")
    with open_payload(cloud, identity, build) as payload:
        purpose = f"release {identity.name}"
        with leased(cloud, purpose, take_over=take_over, yields=True) as lease:
            release_run = _ReleaseRun(cloud, payload, lease, check or _contract(payload))
            changed = _release(release_run)
    cloud.result({"release": identity.name, "changed": changed and not cloud.dry_run})


def _contract(payload: Payload) -> Check:
    """The contract, by the card that is released."""

    def check(cloud: Cloud, candidates: Sequence[Candidate], card: Card) -> object:
        return check_candidates(cloud, candidates, card, payload.card_path)

    return check


def _release(release_run: _ReleaseRun) -> bool:
    """Whether there was anything to do."""
    cloud, payload = release_run.cloud, release_run.payload
    services = cloud.run.services()
    interrupted = positions_before_interrupted_release(cloud, services, release_run.lease.dead)
    if interrupted is None and _serves_already(cloud, payload, services):
        cloud.say(f"{release_run.name} serves on both already: nothing to do")
        _record(cloud, payload, services, only_if_missing=True)
        return False
    # A release that died may have left the two apart: what it found is what was good.
    before = positions(cloud, services) if interrupted is None else interrupted
    release_run.lease.keep_positions(before)
    with both_or_neither(cloud, before):
        _run_steps(release_run, services)
    return True


def _serves_already(cloud: Cloud, payload: Payload, services: Services) -> bool:
    """Whether both serve this release, with these settings and this image."""
    identity, image = payload.identity, payload.image
    if release_of(cloud, services) != identity.name:
        return False
    for target, settings in cloud.targets.items():
        serving = services[settings.name].serving
        wanted = series(cloud, identity, target, image if target == "service" else None)
        if serving is None or not serving.name.startswith(f"{settings.name}-{wanted}-"):
            return False
    return True


def _run_steps(release_run: _ReleaseRun, services: Services) -> None:
    cloud, payload = release_run.cloud, release_run.payload
    say_step(cloud.console, 1, STEPS, "candidates, without traffic")
    candidates = deploy_candidates(cloud, payload, services)
    release_run.lease.check()
    say_step(cloud.console, 2, STEPS, "check both candidates")
    if cloud.dry_run:
        cloud.say("  (skipped: there is nothing to ask on a dry run)")
    else:
        release_run.check(cloud, candidates, payload.card)
    say_step(cloud.console, 3, STEPS, "promote both")
    release_run.lease.renew()
    for candidate in candidates:
        move(cloud, candidate.settings.name, candidate.revision, tagged=candidate.tagged)
        # A rollback need not wait for more than the call that has just ended.
        release_run.lease.check()
    say_step(cloud.console, 4, STEPS, "confirm and record")
    if not cloud.dry_run:
        _confirm(release_run, candidates)
        release_run.lease.check()
        after = cloud.run.services()
        if release_of(cloud, after) != release_run.name:
            raise UserError("traffic was moved, but not all of it is there; is someone else at it?")
        _record(cloud, payload, after)
        cloud.say(f"{release_run.name} serves on both:")
        for candidate in candidates:
            cloud.say(f"  {candidate.target:<9} {candidate.service_url}")


def _confirm(release_run: _ReleaseRun, candidates: Sequence[Candidate]) -> None:
    """See both answer at their own URLs, public or private as they are to be."""
    cloud, card = release_run.cloud, release_run.payload.card
    opened = []
    try:
        endpoints = []
        for candidate in candidates:
            url = candidate.service_url or ""
            if (way := settle_access(cloud, candidate.settings, url)) is not None:
                opened.append((candidate, way))
            endpoints.append(endpoint_of(cloud, candidate.target, url, url))
        golden = card.golden[0]
        answer = {"prediction": golden.prediction, "model_version": card.version}
        confirm(endpoints, golden.features, answer)
    except BaseException:
        for candidate, way in opened:
            name, public = candidate.settings.name, candidate.settings.public
            cloud.run.set_public(name, public=not public, by=way)
        raise


def _record(
    cloud: Cloud, payload: Payload, services: Services, *, only_if_missing: bool = False
) -> None:
    identity, golden = payload.identity, payload.card.golden[0]
    if only_if_missing and read_records(cloud, identity.name).good:
        return
    serving = {
        target: services[settings.name].serving for target, settings in cloud.targets.items()
    }
    members = asdict(identity)
    members["release"] = members.pop("name")
    record = Record(
        **members,
        revisions={target: revision.name for target, revision in serving.items() if revision},
        digests={target: revision.digest or "" for target, revision in serving.items() if revision},
        example=golden.features,
        expected=golden.prediction,
        promoted_at=now(),
        promoted_by=current_owner(),
        attested=payload.attested,
    )
    write_record(cloud, record)
