"""The sources that want no login, on the loopback: gcloud's list, Python's cycle, a registry."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import QuietHandler, served

CYCLE = {
    "3.16": {"end_of_life": "2032-10", "status": "feature"},
    "3.15": {"end_of_life": "2031-10", "status": "bugfix"},
    "3.12": {"end_of_life": "2028-11", "status": "security"},
    "3.11": {"end_of_life": "2027-10", "status": "security"},
    "3.10": {"end_of_life": "2026-10-04", "status": "end-of-life"},
}
# As Docker's official images describe their platforms; what attests to one has no day.
INDEX = {
    "schemaVersion": 2,
    "mediaType": "application/vnd.oci.image.index.v1+json",
    "manifests": [
        {
            "platform": {"architecture": "amd64", "os": "linux"},
            "annotations": {"org.opencontainers.image.created": "2027-01-02T01:20:57Z"},
        },
        {
            "platform": {"architecture": "unknown", "os": "unknown"},
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
        },
    ],
}
NEW = f"sha256:{hashlib.sha256(json.dumps(INDEX).encode()).hexdigest()}"


@dataclass
class Sources:
    """What each answers, and what is gone.

    Attributes:
        digest: what the registry says of its answer's bytes.
        stalled: a path that is not answered until it is over; ``asked`` once somebody has.
    """

    url: str = ""
    answers: dict[str, Any] = field(
        default_factory=lambda: {"/gcloud": {"version": "600.0.0"}, "/python": CYCLE}
    )
    gone: set[str] = field(default_factory=set)
    index: Mapping[str, Any] = field(default_factory=lambda: INDEX)
    digest: str = NEW
    stalled: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve_sources() -> Iterator[Sources]:
    """All of them, at one address; the registry wants an anonymous token."""
    sources = Sources()

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            if path == sources.stalled:
                sources.asked.set()
                sources.over.wait()
            if path in sources.gone:
                self._answer(404, {})
            elif path in sources.answers:
                self._answer(200, sources.answers[path])
            elif path == "/token":
                assert "scope=repository:" in query, query
                self._answer(200, {"token": "anonymous"})
            elif self.headers.get("Authorization") != "Bearer anonymous":
                repository = path.removeprefix("/v2/").partition("/manifests/")[0]
                asks = (
                    f'Bearer realm="{sources.url}/token",service="r",'
                    f'scope="repository:{repository}:pull"'
                )
                self._answer(401, {}, {"WWW-Authenticate": asks})
            else:
                assert "oci.image.index" in self.headers["Accept"]
                self._answer(200, sources.index, {"Docker-Content-Digest": sources.digest})

        def _answer(
            self, status: int, content: object, headers: Mapping[str, str] | None = None
        ) -> None:
            self.answer(status, json.dumps(content).encode(), headers)

    with served(Handler) as sources.url:
        try:
            yield sources
        finally:
            sources.over.set()
