"""The resources of the fake's project. Tests read them, and may change them between two calls."""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.google.api import Json, timestamp
from tests.google.buckets import Bucket

PROJECT = "twin-project"
PROJECT_NUMBER = "123456789012"
REGION = "us-central1"
REGISTRY = f"{REGION}-docker.pkg.dev"
# Of builds and revisions that name no account.
DEFAULT_ACCOUNT = f"{PROJECT_NUMBER}-compute@developer.gserviceaccount.com"
TOKEN = "ya29.a-token-of-the-fake"  # noqa: S105 - opens nothing

# Whoever set the project up; may do everything.
OWNER = "user:owner@example.com"

# APIs that answer only when they are enabled; Cloud Storage and some others always are.
GATED = frozenset(
    f"{name}.googleapis.com"
    for name in (
        "artifactregistry",
        "cloudbuild",
        "cloudresourcemanager",
        "iam",
        "iamcredentials",
        "cloudbilling",
        "cloudfunctions",
        "logging",
        "orgpolicy",
        "run",
        "secretmanager",
    )
)

Kind = Literal["service", "function", "score"]


@dataclass(frozen=True, slots=True)
class Target:
    """A line of a service's traffic; ``revision`` is None where the latest ready one is meant."""

    revision: str | None
    percent: int = 0
    tag: str | None = None


@dataclass(slots=True)
class Image:
    """A version of a package: what a digest stands for, and the bundle that is in it."""

    digest: str
    kind: Kind
    bundle: Path
    created: str = field(default_factory=timestamp)


@dataclass(slots=True)
class Revision:
    """An immutable deployment of a service.

    ``ready`` is None until that is known; ``source`` stays when the registry's image is deleted,
    as Cloud Run keeps a copy.
    """

    name: str
    generation: int
    template: Json
    source: Image | None = None
    ready: bool | None = None
    reason: str = ""
    message: str = ""
    created: str = field(default_factory=timestamp)

    @property
    def image(self) -> str:
        """As the deployment gave it."""
        return str(self.template["spec"]["containers"][0]["image"])

    @property
    def digest(self) -> str:
        """``status.imageDigest``: the image by its digest, whatever the deployment gave."""
        name = self.image.partition("@")[0]
        host, _, path = name.partition("/")
        return f"{host}/{path.partition(':')[0]}@{self.source.digest}" if self.source else ""

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the container that have their values in the template."""
        variables = self.template["spec"]["containers"][0].get("env", [])
        return {
            variable["name"]: variable.get("value", "")
            for variable in variables
            if "valueFrom" not in variable
        }

    @property
    def secrets(self) -> dict[str, tuple[str, str]]:
        """The others: name and version of a secret, by variable."""
        variables = self.template["spec"]["containers"][0].get("env", [])
        references = {
            variable["name"]: variable["valueFrom"]["secretKeyRef"]
            for variable in variables
            if "valueFrom" in variable
        }
        return {name: (secret["name"], secret["key"]) for name, secret in references.items()}

    @property
    def annotations(self) -> dict[str, str]:
        """Of the template."""
        annotations: dict[str, str] = self.template.get("metadata", {}).get("annotations", {})
        return annotations


@dataclass(slots=True)
class Service:
    """A Cloud Run service. ``wanted`` is the traffic asked for, ``traffic`` what is in force."""

    name: str
    template: Json
    labels: dict[str, str]
    annotations: dict[str, str]
    wanted: list[Target]
    url: str = ""
    traffic: list[Target] = field(default_factory=list)
    tag_urls: dict[str, str] = field(default_factory=dict)
    revisions: dict[str, Revision] = field(default_factory=dict)
    generation: int = 0
    observed_generation: int = 0
    resource_version: str = ""
    latest_created: str = ""
    latest_ready: str = ""
    failure: str = ""
    modified: str = ""
    uid: str = field(default_factory=lambda: secrets.token_hex(8))
    created: str = field(default_factory=timestamp)

    def serving(self) -> dict[str, int]:
        """Percent of the traffic by revision, those with some."""
        shares: dict[str, int] = {}
        for target in self.traffic:
            if target.percent and target.revision:
                shares[target.revision] = shares.get(target.revision, 0) + target.percent
        return shares

    def tags(self) -> dict[str, str]:
        """Revision by tag."""
        return {entry.tag: entry.revision or "" for entry in self.traffic if entry.tag}


@dataclass(slots=True)
class Package:
    """The images of one name; ``tags`` leads to digests."""

    images: dict[str, Image] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Repository:
    """Of Artifact Registry; ``resource`` is what was asked for at its creation."""

    name: str
    resource: Json
    packages: dict[str, Package] = field(default_factory=dict)


@dataclass(slots=True)
class Secret:
    """Of Secret Manager; ``versions`` are its values, the first one's number is 1."""

    name: str
    resource: Json
    versions: list[str] = field(default_factory=list)
    created: str = field(default_factory=timestamp)

    def value(self, version: str) -> str | None:
        """Of a version by its number, or of the latest; None if there is none."""
        number = len(self.versions) if version == "latest" else int(version)
        return self.versions[number - 1] if 0 < number <= len(self.versions) else None


@dataclass(slots=True)
class Policy:
    """Who has which role on one resource.

    Attributes:
        since: when a role was given to a member, by ``time.monotonic``.
    """

    bindings: list[Json] = field(default_factory=list)
    etag: str = "BwXlZAE1"
    since: dict[tuple[str, str], float] = field(default_factory=dict)

    def members(self, role: str) -> set[str]:
        """Whoever has the role."""
        return {
            member
            for binding in self.bindings
            if binding["role"] == role
            for member in binding["members"]
        }


@dataclass(slots=True)
class State:
    """All of it, by name. A policy's key is like ``services/NAME`` or ``projects/twin-project``.

    Attributes:
        constraints: rules of the organisation's policies, by constraint; none is set at first.
        build_cpus: the quota of the region's default pool.
        callers: who has which token.
        lag_s: what was just made or given is not known for so long: APIs, accounts, roles.
        enabled_at: when an API was enabled, by ``time.monotonic``.
        made_at: likewise of an account.
        github: what GitHub shows anyone of a repository, by ``OWNER/REPO``.
    """

    services: dict[str, Service] = field(default_factory=dict)
    repositories: dict[str, Repository] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    accounts: dict[str, Json] = field(default_factory=dict)
    pools: dict[str, Json] = field(default_factory=dict)
    providers: dict[str, Json] = field(default_factory=dict)
    enabled: set[str] = field(default_factory=lambda: set(GATED))
    builds: dict[str, Json] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    executions: dict[str, Json] = field(default_factory=dict)
    operations: dict[str, Json] = field(default_factory=dict)
    logs: list[Json] = field(default_factory=list)
    billing: bool = True
    # As tests/google/resources/catalogue.py makes them, where a test gives any.
    runtimes: list[Json] = field(default_factory=list)
    skus: list[Json] = field(default_factory=list)
    constraints: dict[str, list[Json]] = field(default_factory=dict)
    # The smallest that has been seen.
    build_cpus: int = 4
    github: dict[str, Json] = field(default_factory=dict)
    audiences: dict[str, str] = field(default_factory=dict)
    callers: dict[str, str] = field(default_factory=lambda: {TOKEN: OWNER})
    lag_s: float = 0.0
    enabled_at: dict[str, float] = field(default_factory=dict)
    made_at: dict[str, float] = field(default_factory=dict)
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1700000000000001))

    def policy(self, resource: str) -> Policy:
        """The policy of a resource, empty at first."""
        return self.policies.setdefault(resource, Policy())

    def next(self) -> int:
        """A number never given before: generations, resource versions, ids."""
        return next(self.counter)

    def finished(self, parent: str, response: Json) -> Json:
        """A long-running operation (google.longrunning) that is over, kept for whoever polls."""
        name = f"{parent}/operations/{self.next()}"
        self.operations[name] = {"name": name, "done": True, "response": response}
        return self.operations[name]

    def add_image(self, repository: str, package: str, image: Image, tag: str = "latest") -> None:
        """Have an image in a repository, which is made where there is none; no tag is empty."""
        made = Repository(repository, {"format": "DOCKER"})
        packages = self.repositories.setdefault(repository, made).packages
        known = packages.setdefault(package.replace("/", "%2F"), Package())
        known.images.setdefault(image.digest, image)
        if tag:
            known.tags[tag] = image.digest

    def find_image(self, reference: str) -> Image | None:
        """The image of ``HOST/PROJECT/REPOSITORY/PACKAGE:TAG`` or ``…@DIGEST``."""
        name, _, digest = reference.partition("@")
        _, _, repository, path = [*name.split("/", 3), "", "", ""][:4]
        package, _, tag = path.partition(":")
        known = self.repositories.get(repository)
        images = known.packages.get(package.replace("/", "%2F")) if known else None
        if images is None:
            return None
        return images.images.get(digest or images.tags.get(tag or "latest", ""))
