"""A package index that has what is locked here, and no more: nothing of it can be installed."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.loopback import QuietHandler, served
from tests.renewal.package_index import SIMPLE
from tests.tree import ROOT
from twinserve.delivery.bundle.pins import read_rooms

# uv asks for no page again for so long.
KEPT = "max-age=3600"


@contextmanager
def serve_locked(folder: Path) -> Iterator[Mapping[str, str]]:
    """Serve it on the loopback until the end; the variables by which uv asks it."""
    versions: dict[str, set[str]] = {}
    for pins in read_rooms(ROOT).values():
        for name, version in pins.items():
            versions.setdefault(name, set()).add(version)

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, rest = self.path.strip("/").partition("/")
            if kind == "simple" and rest in versions:
                files = [_file(rest, version) for version in sorted(versions[rest])]
                page = {"meta": {"api-version": "1.1"}, "name": rest, "files": files}
                self._answer(json.dumps(page), SIMPLE)
            elif kind == "files" and rest.endswith(".metadata"):
                name, version = rest.split("-")[:2]
                self._answer(
                    f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", "text/plain"
                )
            else:
                self.send_error(404)

        def _answer(self, text: str, kind: str) -> None:
            self.answer(200, text.encode(), {"Content-Type": kind, "Cache-Control": KEPT})

    def _file(name: str, version: str) -> Mapping[str, object]:
        wheel = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
        return {
            "filename": wheel,
            "url": f"{url}/files/{wheel}",
            "hashes": {"sha256": "0" * 64},
            "core-metadata": True,
            "upload-time": "2026-01-01T00:00:00Z",
        }

    with served(Handler) as url:
        yield {"UV_DEFAULT_INDEX": f"{url}/simple", "UV_CACHE_DIR": str(folder)}
