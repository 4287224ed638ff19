"""OSV's API as far as pip-audit asks it: ``POST /v1/query`` for a version of a package.

Source: OSV's documentation, "POST /v1/query", and its schema (``affected``, ``ranges``).
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import QuietHandler, served


@dataclass
class FakeOsv:
    """What it knows, and where it is."""

    url: str = ""
    known: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def publish(
        self, package: str, versions: Sequence[str], name: str, fixed: str | None = None
    ) -> None:
        """Let versions of a package have a known vulnerability."""
        events = [{"introduced": "0"}, *([{"fixed": fixed}] if fixed else [])]
        affected = {
            "package": {"name": package, "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": events}],
            "versions": list(versions),
        }
        entry = {"id": name, "aliases": [f"CVE-{name}"], "summary": "", "affected": [affected]}
        for version in versions:
            self.known.setdefault((package, version), []).append(entry)


@contextmanager
def serve_osv() -> Iterator[FakeOsv]:
    """Serve it on the loopback until the end, knowing nothing at first."""
    osv = FakeOsv()

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            vulnerabilities = osv.known.get((asked["package"]["name"], asked["version"]), [])
            body = json.dumps({"vulns": vulnerabilities} if vulnerabilities else {}).encode()
            self.answer(200, body)

    with served(Handler) as url:
        osv.url = f"{url}/v1/query"
        yield osv
