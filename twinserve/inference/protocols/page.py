"""The page to try the model: a gzip file of the bundle, read when it is first asked for.

Imported by the first such request, which no other pays for.
"""

import base64
import gzip
import hashlib
import html
import os
from collections.abc import Mapping
from pathlib import Path

from twinserve.config.layout import PAGE_NAME, RELEASE_VARIABLES
from twinserve.inference import contract
from twinserve.inference.asgi import Answer, Headers
from twinserve.inference.bundle import read_proven
from twinserve.inference.responder import preflight

METHODS = "GET, HEAD, OPTIONS"
# Where the page shows the release, which is known only where it is served.
RELEASE_PLACE = b"<!-- release -->"
# It asks nobody but the server that it came from, and stands in no other page.
_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; connect-src 'self'; "
    "img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_PUBLIC = (
    (b"cache-control", b"no-cache"),
    (b"vary", b"Accept, Accept-Encoding"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)


class Page:
    """The page of one bundle, as this process serves it.

    Raises:
        UserError: the bundle has no such file, or another than it was made with.
    """

    def __init__(self, directory: Path) -> None:
        content = gzip.decompress(read_proven(directory, PAGE_NAME))
        self._body = content.replace(RELEASE_PLACE, _shown(release_of(os.environ)))
        self._compressed = gzip.compress(self._body, mtime=0)
        self._headers: Headers = [
            (b"content-type", b"text/html; charset=utf-8"),
            (b"content-security-policy", policy(content).encode()),
            *_PUBLIC,
        ]

    def answer(self, method: str, accept_encoding: bytes = b"") -> Answer:
        """The answer to a request for it, compressed where the client names gzip.

        Raises:
            Problem: 405, it is asked otherwise than a page is.
        """
        if method == "OPTIONS":
            return preflight(METHODS)
        if method not in {"GET", "HEAD"}:
            raise contract.method_not_allowed(METHODS)
        # A HEAD's body the server, which knows what was asked for, keeps to itself.
        if names(accept_encoding, b"gzip"):
            return self._page(self._compressed, (b"content-encoding", b"gzip"))
        return self._page(self._body)

    def _page(self, body: bytes, *coding: tuple[bytes, bytes]) -> Answer:
        headers = [*self._headers, (b"content-length", b"%d" % len(body)), *coding]
        return Answer(200, headers, body)


def asks_for_page(accept: bytes) -> bool:
    """Whether an ``Accept`` names HTML itself, as browsers do; ``*/*`` does not."""
    return names(accept, b"text/html")


def names(header: bytes, choice: bytes) -> bool:
    """Whether a header of content negotiation (RFC 9110) names the choice, with no weight of 0."""
    for part in header.lower().split(b","):
        essence, *parameters = (piece.strip() for piece in part.split(b";"))
        if essence == choice:
            return not any(
                parameter.startswith(b"q=0") and not parameter.strip(b"q=0.")
                for parameter in parameters
            )
    return False


def release_of(environment: Mapping[str, str]) -> dict[str, str]:
    """What a deployed revision is told of its release; nothing of what serves here."""
    return {
        name: environment[variable]
        for name, variable in RELEASE_VARIABLES.items()
        if variable in environment
    }


def policy(content: bytes) -> str:
    """The Content-Security-Policy that lets the page's own script and style run, by their hash."""
    return _POLICY.format(script=_hash_of(content, b"script"), style=_hash_of(content, b"style"))


def _hash_of(content: bytes, element: bytes) -> str:
    inside = content.partition(b"<%b>" % element)[2].partition(b"</%b>" % element)[0]
    return f"'sha256-{base64.b64encode(hashlib.sha256(inside).digest()).decode()}'"


def _shown(release: Mapping[str, str]) -> bytes:
    if not release:
        return b"<div><dt>served</dt><dd>from a bundle that is not deployed as a release</dd></div>"
    return "".join(
        f"<div><dt>{name.replace('_', ' ')}</dt><dd><code>{html.escape(value)}</code></dd></div>"
        for name, value in release.items()
    ).encode()
