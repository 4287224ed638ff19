"""Newer tools: gcloud, the images that builds and services stand on, and dates of support.

Sources: gcloud's own list of components; the registries' API, "Pulling manifests" of the OCI
distribution specification; Python's release cycle.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

from packaging.version import Version

from twinserve.config.errors import UserError
from twinserve.delivery.cloud.doctor.ends import PATH, read_support
from twinserve.targets.opener import Reply, ask

LIMIT_S = 30.0
GCLOUD = "https://dl.google.com/dl/cloudsdk/channels/rapid/components-2.json"
PYTHON = "https://peps.python.org/api/release-cycle.json"
DOCKER_HUB = "https://registry-1.docker.io"
# Whatever kind of index or manifest stands behind a tag: its digest is asked for, not its content.
ACCEPTED = ", ".join(
    f"application/vnd.{kind}"
    for kind in (
        "oci.image.index.v1+json",
        "docker.distribution.manifest.list.v2+json",
        "oci.image.manifest.v1+json",
        "docker.distribution.manifest.v2+json",
    )
)
# Files in which an image stands with its digest, or gcloud with its version; none is a workflow.
FILES = (
    Path(".devcontainer/devcontainer.json"),
    Path(".github/actions/gcloud/action.yml"),
    Path("cloudbuild.yaml"),
    Path("service/Dockerfile"),
)
SUPPORT = PATH.relative_to(PATH.parents[4])
_IMAGE = re.compile(r"([\w./-]+):([\w.-]+)@(sha256:[0-9a-f]{64})")
_VERSION = re.compile(r"(?:version: |google-cloud-cli:)(\d+\.\d+\.\d+)")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Moved:
    """Something that is another one now."""

    name: str
    old: str
    new: str

    @property
    def line(self) -> str:
        """In words; a digest by its beginning."""
        short = [text[:19] if text.startswith("sha256:") else text for text in (self.old, self.new)]
        return f"{self.name}: {short[0]} -> {short[1]}"


def renew_tools(tree: Path, today: date | None = None) -> tuple[Moved, ...]:
    """Bring a tree's files up to date; what has moved.

    Raises:
        UserError: a source cannot be asked, or answers otherwise than it is known to.
    """
    texts = {path: (tree / path).read_text(encoding="utf-8") for path in FILES}
    moved = [*_renew_gcloud(texts), *_renew_images(texts)]
    for path, text in texts.items():
        (tree / path).write_text(text, encoding="utf-8")
    return (*moved, *_renew_support(tree, today or datetime.now(UTC).date()))


def _renew_gcloud(texts: dict[Path, str]) -> list[Moved]:
    newest = _json(GCLOUD).get("version", "")
    if not re.fullmatch(r"\d+\.\d+\.\d+", str(newest)):
        raise UserError(f"{GCLOUD}: names no version of gcloud")
    there = {version for text in texts.values() for version in _VERSION.findall(text)}
    older = sorted(version for version in there if Version(version) < Version(newest))
    for path, text in texts.items():
        texts[path] = _VERSION.sub(
            lambda match: match[0].replace(match[1], newest) if match[1] in older else match[0],
            text,
        )
    return [Moved("gcloud", version, newest) for version in older]


def _renew_images(texts: dict[Path, str]) -> list[Moved]:
    """Give each image the digest that its tag has now; every file has the same."""
    pinned = dict.fromkeys(image for text in texts.values() for image in _IMAGE.findall(text))
    moved = []
    for name, tag, old in pinned:
        new = digest_of(name, tag)
        if new == old:
            continue
        for path, text in texts.items():
            texts[path] = text.replace(f"{name}:{tag}@{old}", f"{name}:{tag}@{new}")
        moved.append(Moved(f"{name}:{tag}", old, new))
    return moved


def digest_of(name: str, tag: str) -> str:
    """The digest of what a tag stands for at its registry.

    Raises:
        UserError: the registry cannot be asked, or has no such tag.
    """
    host, repository = _place(name)
    url = f"{host}/v2/{repository}/manifests/{tag}"
    reply = _asked(url, {"Accept": ACCEPTED})
    if reply.status == HTTPStatus.UNAUTHORIZED:
        token = _token(url, reply.headers.get("www-authenticate", ""))
        reply = _asked(url, {"Accept": ACCEPTED, "Authorization": f"Bearer {token}"})
    digest = reply.headers.get("docker-content-digest", "")
    if reply.status != HTTPStatus.OK or not re.fullmatch(r"sha256:[0-9a-f]{64}", digest):
        raise UserError(f"{url}: status {reply.status}, and no digest of {name}:{tag}")
    return digest


def _place(name: str) -> tuple[str, str]:
    """The registry of an image, and the repository there."""
    first, _, rest = name.partition("/")
    if rest and "." in first:
        return f"https://{first}", rest
    return DOCKER_HUB, name if rest else f"library/{name}"


def _token(url: str, challenge: str) -> str:
    """An anonymous token, from where the registry's challenge says.

    Raises:
        UserError: it says nothing of the kind, or gives none.
    """
    asked = dict(_CHALLENGE.findall(challenge))
    if not asked.get("realm", "").startswith(("https://", "http://127.0.0.1:")):
        raise UserError(f"{url}: asks for a login, and does not say where")
    wanted = "&".join(f"{key}={asked[key]}" for key in ("service", "scope") if key in asked)
    answer = _json(f"{asked['realm']}?{wanted}")
    return str(answer.get("token") or answer.get("access_token") or "")


def _renew_support(tree: Path, today: date) -> list[Moved]:
    """The last days of each Python that is listed; of the runtimes they follow Google's page."""
    known = read_support(tree / SUPPORT)
    cycle = _json(PYTHON)
    ends = {
        version: _first_day(str(cycle[version]["end_of_life"]))
        for version in known.python.ends
        if version in cycle
    }
    # A month alone says less than the day that is known of it.
    newer = {
        version: day
        for version, day in ends.items()
        if (day.year, day.month)
        != (known.python.ends[version].year, known.python.ends[version].month)
    }
    python = known.python.model_copy(update={"ends": {**known.python.ends, **newer}})
    renewed = known.model_copy(update={"as_of": today, "python": python})
    (tree / SUPPORT).write_text(renewed.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return [
        Moved(f"end of Python {version}", str(known.python.ends[version]), str(day))
        for version, day in newer.items()
    ]


def _first_day(text: str) -> date:
    return date.fromisoformat(text if text.count("-") == 2 else f"{text}-01")  # noqa: PLR2004


def _json(url: str) -> Mapping[str, Any]:
    reply = _asked(url, {})
    try:
        content = json.loads(reply.body) if reply.status == HTTPStatus.OK else None
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UserError(f"{url}: status {reply.status}, and no JSON object")
    return content


def _asked(url: str, headers: Mapping[str, str]) -> Reply:
    try:
        return ask(url, LIMIT_S, headers=headers)
    except OSError as error:
        raise UserError(f"{url}: no answer ({error})") from None
