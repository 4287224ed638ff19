"""What a tag stands for at its registry.

Sources: "Pulling manifests" of the OCI distribution specification; the image specification's
annotation ``org.opencontainers.image.created``, which Docker's official images give each platform.
"""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from http import HTTPStatus
from typing import Any

from twinserve.config.errors import UserError
from twinserve.renewal.tools.sources import read, read_json
from twinserve.targets.opener import Reply

DOCKER_HUB = "https://registry-1.docker.io"
# An image with its tag and digest, in any file.
PINNED = re.compile(r"([\w./-]+):([\w.-]+)@(sha256:[0-9a-f]{64})")
# Whatever kind of index or manifest stands behind a tag.
ACCEPTED = ", ".join(
    f"application/vnd.{kind}"
    for kind in (
        "oci.image.index.v1+json",
        "docker.distribution.manifest.list.v2+json",
        "oci.image.manifest.v1+json",
        "docker.distribution.manifest.v2+json",
    )
)
CREATED = "org.opencontainers.image.created"
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Image:
    """What a tag stands for.

    Attributes:
        digest: of the index, or of the manifest where there is none.
        created: the day on which its oldest platform was built; None where nothing says so.
    """

    digest: str
    created: date | None


def look_up(name: str, tag: str) -> Image:
    """Ask the registry for a tag.

    Raises:
        UserError: the registry cannot be asked, has no such tag, or answers with other bytes than
            it names.
    """
    url = manifest_url(name, tag)
    reply = read(url, {"Accept": ACCEPTED})
    if reply.status == HTTPStatus.UNAUTHORIZED:
        token = _token(url, reply.headers.get("www-authenticate", ""))
        reply = read(url, {"Accept": ACCEPTED, "Authorization": f"Bearer {token}"})
    if reply.status != HTTPStatus.OK:
        raise UserError(f"{url}: status {reply.status}, and no digest of {name}:{tag}")
    digest = f"sha256:{hashlib.sha256(reply.body).hexdigest()}"
    if reply.headers.get("docker-content-digest", digest) != digest:
        raise UserError(f"{url}: the answer has not the digest that it names")
    return Image(digest, min(_days(_parsed(url, reply)), default=None))


def manifest_url(name: str, tag: str) -> str:
    """Where the registry has a tag."""
    host, repository = place_of(name)
    return f"{host}/v2/{repository}/manifests/{tag}"


def place_of(name: str) -> tuple[str, str]:
    """The registry of an image, and the repository there."""
    first, _, rest = name.partition("/")
    if rest and "." in first:
        return f"https://{first}", rest
    return DOCKER_HUB, name if rest else f"library/{name}"


def _parsed(url: str, reply: Reply) -> Mapping[str, Any]:
    try:
        content = json.loads(reply.body)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UserError(f"{url}: status {reply.status}, and no manifest")
    return content


def _days(manifest: Mapping[str, Any]) -> Iterator[date]:
    """The days that an index or a manifest gives."""
    for described in (manifest, *manifest.get("manifests", ())):
        if written := (described.get("annotations") or {}).get(CREATED):
            yield datetime.fromisoformat(str(written)).date()


def _token(url: str, challenge: str) -> str:
    """An anonymous token, from where the registry's challenge says.

    Raises:
        UserError: it says nothing of the kind, or gives none.
    """
    asked = dict(_CHALLENGE.findall(challenge))
    if not asked.get("realm", "").startswith(("https://", "http://127.0.0.1:")):
        raise UserError(f"{url}: asks for a login, and does not say where")
    wanted = "&".join(f"{key}={asked[key]}" for key in ("service", "scope") if key in asked)
    answer = read_json(f"{asked['realm']}?{wanted}")
    return str(answer.get("token") or answer.get("access_token") or "")
