"""Traffic of a service: read from a request, checked, resolved, and where a request goes by it."""

import random

from tests.google.api import ApiError, Json, invalid
from tests.google.cloud import Cloud
from tests.google.resources.permissions import may
from tests.google.running.relay import Head
from tests.google.running.serving import (
    FORBIDDEN,
    NOT_FOUND,
    UNAUTHORIZED,
    UNAVAILABLE,
    Refusal,
    Route,
)
from tests.google.state import Revision, Service, Target

INVOKER = "roles/run.invoker"


def parse(wanted: list[Json]) -> list[Target]:
    """The traffic that a request asks for.

    Cloud Run Admin API v1, TrafficTarget: percents sum to 100, a tag stands once, a target has
    either ``revisionName`` or ``latestRevision``.

    Raises:
        ApiError: it breaks one of these.
    """
    targets = []
    for position, entry in enumerate(wanted or [{"latestRevision": True, "percent": 100}]):
        name = entry.get("revisionName")
        if bool(name) == bool(entry.get("latestRevision")):
            where = f"spec.traffic[{position}]"
            raise invalid(f"{where}: exactly one of revisionName and latestRevision must be set")
        targets.append(Target(name, int(entry.get("percent") or 0), entry.get("tag")))
    if sum(target.percent for target in targets) != 100:
        raise invalid("spec.traffic: the percentages of all targets must add up to 100")
    tags = [target.tag for target in targets if target.tag]
    if len(tags) != len(set(tags)):
        raise invalid("spec.traffic: a tag can be set on one target only")
    return targets


def resolve(service: Service) -> str:
    """Put the wanted traffic in force if each of its revisions can serve; else say why not.

    One that cannot, be it by a tag without traffic, keeps all of it from changing, and so does
    every later call until it is wanted no longer: Lore-Hex/quill-router pull request 781. The
    words for one that isn't there: terraform-docs-samples pull request 269.
    """
    resolved = [
        Target(target.revision or service.latest_ready, target.percent, target.tag)
        for target in service.wanted
    ]
    for target in resolved:
        revision = service.revisions.get(target.revision or "")
        if revision is None:
            return (
                f"Revision '{target.revision}' does not exist or is deleted. Update all traffic "
                "to route to currently available revisions."
            )
        if not revision.ready:
            return not_ready(revision)
    service.traffic = resolved
    return ""


def not_ready(revision: Revision) -> str:
    """Why a revision cannot serve."""
    return f"Revision '{revision.name}' is not ready and cannot serve traffic. {revision.message}"


def as_json(service: Service) -> list[Json]:
    """``status.traffic``; a target that follows the latest revision says so too."""
    follows = {target.tag for target in service.wanted if target.revision is None}
    lines = []
    for target in service.traffic:
        line: Json = {"revisionName": target.revision}
        if target.percent:
            line["percent"] = target.percent
        if target.tag in follows:
            line["latestRevision"] = True
        if target.tag:
            line |= {"tag": target.tag, "url": service.tag_urls[target.tag]}
        lines.append(line)
    return lines


def wanted_as_json(service: Service) -> list[Json]:
    """``spec.traffic``."""
    lines = []
    for target in service.wanted:
        line: Json = (
            {"revisionName": target.revision} if target.revision else {"latestRevision": True}
        )
        if target.percent:
            line["percent"] = target.percent
        if target.tag:
            line["tag"] = target.tag
        lines.append(line)
    return lines


def make_route(cloud: Cloud, name: str, tag: str) -> Route:
    """Where the requests to a service's URL, or to a tag's, go."""

    def route(head: Head) -> int | Refusal:
        with cloud.lock:
            service = cloud.state.services.get(name)
            if service is None:
                return NOT_FOUND
            if refusal := _check_caller(cloud, service, head):
                return refusal
            shares = {service.tags().get(tag, ""): 1} if tag else service.serving()
            shares.pop("", None)
        if not shares:
            return NOT_FOUND
        revision = random.choices(list(shares), list(shares.values()))[0]  # noqa: S311 - balance
        try:
            return cloud.revisions.port(service, revision)
        except ApiError:
            return UNAVAILABLE

    return route


def _check_caller(cloud: Cloud, service: Service, head: Head) -> Refusal | None:
    """Why a caller is turned away: no token is 403, one that is not for this service 401.

    https://cloud.google.com/run/docs/troubleshooting has both.
    """
    if service.annotations.get("run.googleapis.com/invoker-iam-disabled", "").lower() == "true":
        return None
    if "allUsers" in cloud.state.policy(f"services/{service.name}").members(INVOKER):
        return None
    scheme, _, token = head.get("Authorization").partition(" ")
    if scheme.lower() != "bearer":
        return FORBIDDEN
    if cloud.state.audiences.get(token) != service.url:
        return UNAUTHORIZED
    # https://cloud.google.com/run/docs/authenticating/service-to-service: who may not is 403.
    caller = cloud.state.callers[token]
    allowed = may(cloud, caller, "run.routes.invoke", f"services/{service.name}")
    return None if allowed else FORBIDDEN
