"""Cloud Run: the services of a project with their revisions and traffic, and what changes them.

A function that is deployed with ``gcloud run deploy --function`` is such a service too, so both
targets have candidates, tags and traffic in the same way.

Source of the field names: Cloud Run Admin API v1, ``namespaces.services`` and
``namespaces.revisions``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from twinserve.config.layout import RELEASE_VARIABLES
from twinserve.targets.google.access import Access
from twinserve.targets.google.gcloud import Gcloud, GcloudError

FULL = 100
# Cloud Run Admin API v1, annotations of a service.
INVOKER_DISABLED = "run.googleapis.com/invoker-iam-disabled"


@dataclass(frozen=True, slots=True)
class Share:
    """A line of a service's traffic.

    Attributes:
        percent: of the requests to the service's own URL.
        tag: with a URL of its own, or None.
    """

    revision: str
    percent: int
    tag: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Revision:
    """A revision.

    Attributes:
        variables: its environment.
        digest: of its image, ``sha256:…``, or None while it is not known.
        ready: whether it can serve.
        created: RFC 3339.
    """

    name: str
    service: str
    variables: Mapping[str, str]
    digest: str | None
    ready: bool
    created: str

    @property
    def release(self) -> str | None:
        """The name of the release that it belongs to; None if it is not ours."""
        return self.variables.get(RELEASE_VARIABLES["name"])


@dataclass(frozen=True, slots=True)
class Service:
    """A service.

    Attributes:
        tags: those that its specification asks for; a revision that never became ready may hold
            one that has no line in ``traffic``.
        latest: the names of the latest created and the latest ready revision.
        revisions: all of them, newest first.
        labels: of the service.
    """

    name: str
    url: str
    traffic: tuple[Share, ...]
    tags: Mapping[str, str]
    latest: frozenset[str]
    revisions: tuple[Revision, ...]
    labels: Mapping[str, str]

    @property
    def shares(self) -> dict[str, int]:
        """Percent of the traffic by revision, those with none left out."""
        shares: dict[str, int] = {}
        for share in self.traffic:
            if share.percent:
                shares[share.revision] = shares.get(share.revision, 0) + share.percent
        return shares

    @property
    def serving(self) -> Revision | None:
        """The one revision that has all of the traffic; None if it is split."""
        for revision in self.revisions:
            if self.shares == {revision.name: FULL}:
                return revision
        return None

    def tagged(self, tag: str) -> Share | None:
        """The line of the traffic with this tag."""
        return next((share for share in self.traffic if share.tag == tag), None)


@dataclass(frozen=True, slots=True)
class CloudRun:
    """Cloud Run in one region of a project."""

    gcloud: Gcloud
    region: str

    @property
    def place(self) -> str:
        """The option that names the region."""
        return f"--region={self.region}"

    def services(self) -> dict[str, Service]:
        """Every service of the region by name, in two calls.

        Raises:
            GcloudError: it cannot be read.
        """
        raw_services: list[dict[str, Any]] = (
            self.gcloud.read("run", "services", "list", self.place) or []
        )
        raw_revisions: list[dict[str, Any]] = (
            self.gcloud.read("run", "revisions", "list", self.place) or []
        )
        revisions = [_revision(raw) for raw in raw_revisions]
        return {
            raw["metadata"]["name"]: parse_service(
                raw,
                [revision for revision in revisions if revision.service == raw["metadata"]["name"]],
            )
            for raw in raw_services
        }

    def set_traffic(
        self, service: str, shares: Mapping[str, int], *, without_tag: str | None = None
    ) -> None:
        """Give each revision its percent, and take a tag away, in one call.

        gcloud waits for the whole service, and so fails if the latest revision never became ready,
        though the traffic was moved: what counts is where it stands.

        Raises:
            GcloudError: it is refused.
        """
        wanted = ",".join(f"{revision}={percent}" for revision, percent in shares.items())
        options = [self.place, f"--to-revisions={wanted}"]
        if without_tag:
            options.append(f"--remove-tags={without_tag}")
        try:
            self.gcloud.change("run", "services", "update-traffic", service, *options)
        except GcloudError as error:
            current = parse_service(
                self.gcloud.read("run", "services", "describe", service, self.place)
            )
            if current.shares != shares or without_tag in current.tags:
                raise error from None

    def set_tag(self, service: str, tag: str, revision: str) -> Service | None:
        """Give a revision a URL of its own; the service as it is then, None on a dry run.

        Raises:
            GcloudError: it is refused.
        """
        options = (self.place, f"--update-tags={tag}={revision}")
        if self.gcloud.change("run", "services", "update-traffic", service, *options) is None:
            return None
        return parse_service(self.gcloud.read("run", "services", "describe", service, self.place))

    def set_public(self, service: str, *, public: bool, by: Access = Access.IAM) -> None:
        """Let everyone call the service, or only who has an identity token.

        Raises:
            GcloudError: it is refused.
        """
        if by is Access.NO_INVOKER_CHECK:
            check = "--no-invoker-iam-check" if public else "--invoker-iam-check"
            self.gcloud.change("run", "services", "update", service, self.place, check)
            return
        verb = "add-iam-policy-binding" if public else "remove-iam-policy-binding"
        options = (self.place, "--member=allUsers", "--role=roles/run.invoker")
        self.gcloud.change("run", "services", verb, service, *options)

    def opened_by(self, service: str) -> Access:
        """How a service that anyone may call was made so.

        Raises:
            GcloudError: it cannot be read.
        """
        raw = self.gcloud.read("run", "services", "describe", service, self.place)
        disabled = raw["metadata"].get("annotations", {}).get(INVOKER_DISABLED, "")
        return Access.NO_INVOKER_CHECK if disabled.lower() == "true" else Access.IAM

    def delete_service(self, service: str) -> None:
        """Delete it with all of its revisions.

        Raises:
            GcloudError: it is refused.
        """
        self.gcloud.change("run", "services", "delete", service, self.place)

    def delete_revision(self, revision: str) -> None:
        """Delete one revision; Cloud Run refuses it for one with traffic, a tag, or the latest.

        Raises:
            GcloudError: it is refused.
        """
        self.gcloud.change("run", "revisions", "delete", revision, self.place)


def parse_service(raw: Mapping[str, Any], revisions: Sequence[Revision] = ()) -> Service:
    """A service as gcloud prints it."""
    status = raw.get("status", {})
    latest = (status.get("latestCreatedRevisionName"), status.get("latestReadyRevisionName"))
    return Service(
        name=raw["metadata"]["name"],
        url=status.get("url", ""),
        traffic=tuple(
            Share(
                revision=line.get("revisionName", ""),
                percent=line.get("percent", 0),
                tag=line.get("tag"),
                url=line.get("url"),
            )
            for line in status.get("traffic", [])
        ),
        tags={
            line["tag"]: line.get("revisionName", "")
            for line in raw.get("spec", {}).get("traffic", [])
            if "tag" in line
        },
        latest=frozenset(name for name in latest if name),
        revisions=tuple(sorted(revisions, key=lambda revision: revision.created, reverse=True)),
        labels=raw["metadata"].get("labels", {}),
    )


def _revision(raw: Mapping[str, Any]) -> Revision:
    metadata, status = raw["metadata"], raw.get("status", {})
    container = raw["spec"]["containers"][0]
    digest = status.get("imageDigest") or container.get("image", "")
    conditions = {entry["type"]: entry["status"] for entry in status.get("conditions", [])}
    return Revision(
        name=metadata["name"],
        service=metadata.get("labels", {}).get("serving.knative.dev/service", ""),
        variables={entry["name"]: entry.get("value", "") for entry in container.get("env", [])},
        digest=digest.partition("@")[2] or None,
        ready=conditions.get("Ready") == "True",
        created=metadata.get("creationTimestamp", ""),
    )
