"""Candidates: a new revision of each target, reachable under a tag, without traffic."""

from collections.abc import Mapping
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

from twinserve.config.deployment import Resources
from twinserve.delivery.access import access_of
from twinserve.delivery.bundle.identity import Identity
from twinserve.delivery.names import next_attempt, revision_series
from twinserve.delivery.project import Cloud
from twinserve.delivery.release.payload import Payload
from twinserve.targets.child import Children, EndedError
from twinserve.targets.google.cloud_run import FULL, Service
from twinserve.targets.google.deploy import NewRevision, deploy_function, deploy_service


@dataclass(frozen=True, slots=True)
class Candidate:
    """A revision that is to have the traffic.

    Attributes:
        target: ``service`` or ``function``.
        url: where it answers; None on a dry run.
        service_url: where it will answer once it has the traffic; None on a dry run.
        tagged: it has the candidate's tag, which goes when it has the traffic.
        first: the service did not exist: the candidate has all of its traffic already.
    """

    target: str
    settings: Resources
    revision: str
    url: str | None
    service_url: str | None
    tagged: bool
    first: bool


def deploy_candidates(
    cloud: Cloud, payload: Payload, services: Mapping[str, Service]
) -> list[Candidate]:
    """A candidate for each target, both at once; after a failure or an interrupt both have ended.

    A revision that an earlier attempt has left ready is deployed no second time.

    Raises:
        GcloudError: a deployment was refused, or its revision never became ready.
    """
    children = Children()
    # A dry run prints its commands in their order.
    at_once = 1 if cloud.dry_run else len(cloud.targets)
    with ThreadPoolExecutor(at_once) as pool:
        running = [
            pool.submit(
                _deploy,
                _marked(cloud, settings.name, children),
                payload,
                target,
                services.get(settings.name),
            )
            for target, settings in cloud.targets.items()
        ]
        try:
            wait(running, return_when=FIRST_EXCEPTION)
        finally:
            # Of those that went well there is none; the others end now, and the pool waits for it.
            children.end()
    faults = [fault for future in running if (fault := future.exception()) is not None]
    # The second one of two may have failed only because it was ended.
    for fault in sorted(faults, key=lambda fault: isinstance(fault, EndedError)):
        raise fault
    return [future.result() for future in running]


def _marked(cloud: Cloud, name: str, children: Children) -> Cloud:
    """The same, whose calls say of which service they are, and end with ``children``."""
    say = cloud.gcloud.on_progress

    def on_progress(line: str) -> None:
        say(f"{name}: {line}")

    gcloud = replace(cloud.gcloud, on_progress=on_progress, children=children)
    return replace(cloud, gcloud=gcloud)


def series(cloud: Cloud, identity: Identity, target: str, image: str | None) -> str:
    """The beginning of the names of the revisions of this release and these settings."""
    settings = cloud.targets[target]
    return revision_series(identity.bundle, settings, cloud.runtime_account, image)


def _deploy(cloud: Cloud, payload: Payload, target: str, existing: Service | None) -> Candidate:
    settings, identity = cloud.targets[target], payload.identity
    image = payload.image if target == "service" else None
    wanted = series(cloud, identity, target, image)
    revisions = existing.revisions if existing else ()
    prefix = f"{settings.name}-{wanted}-"
    ready = (revision for revision in revisions if revision.ready)
    left = next((revision for revision in ready if revision.name.startswith(prefix)), None)
    if existing is not None and left is not None:
        cloud.say(f"      {settings.name}: {left.name} is there already")
        return _reuse(cloud, target, existing, left.name)
    suffix = next_attempt(settings.name, wanted, [revision.name for revision in revisions])
    new = NewRevision(
        suffix=suffix,
        tag=cloud.deployment.candidate_tag,
        region=cloud.region,
        account=cloud.runtime_account,
        labels=identity.labels,
        variables={**identity.variables, "GOOGLE_CLOUD_PROJECT": cloud.project},
        first=access_of(cloud, settings) if existing is None else None,
    )
    cloud.say(f"      {settings.name}: deploy {settings.name}-{suffix}")
    deployment = cloud.deployment
    if image is not None:
        service = deploy_service(cloud.gcloud, deployment.service, image, new)
    else:
        service = deploy_function(
            cloud.gcloud, deployment.function, payload.function, new, cloud.build_account
        )
    if existing is None:
        cloud.say(
            f"      {settings.name} is new: its first revision cannot be without traffic, so it "
            "answers from now on, and is deleted again if it fails its check"
        )
    return _candidate(cloud, target, f"{settings.name}-{suffix}", service, first=existing is None)


def _reuse(cloud: Cloud, target: str, service: Service, revision: str) -> Candidate:
    """Make a revision of an earlier attempt the candidate."""
    tag = cloud.deployment.candidate_tag
    if service.shares != {revision: FULL} and service.tags.get(tag) != revision:
        service = cloud.run.set_tag(service.name, tag, revision) or service
    return _candidate(cloud, target, revision, service, first=False)


def _candidate(
    cloud: Cloud, target: str, revision: str, service: Service | None, *, first: bool
) -> Candidate:
    settings = cloud.targets[target]
    if service is None:
        return Candidate(target, settings, revision, None, None, tagged=True, first=first)
    share = service.tagged(cloud.deployment.candidate_tag)
    url = share.url if share is not None and share.revision == revision else service.url
    return Candidate(
        target, settings, revision, url, service.url, tagged=share is not None, first=first
    )
