"""A package index on this machine, with wheels that are made here: PEP 691 with PEP 700's times."""

import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.loopback import QuietHandler, served

SIMPLE = "application/vnd.pypi.simple.v1+json"


@dataclass
class PackageIndex:
    """What it has, and where it is."""

    folder: Path
    url: str = ""
    files: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # A package that is never answered for, and whether somebody has asked for it.
    stalled: str = ""
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def publish(
        self, name: str, version: str, *, days_ago: int = 30, requires: tuple[str, ...] = ()
    ) -> None:
        """Upload a wheel with one module that knows its version."""
        modules = {f"{name}.py": f'__version__ = "{version}"\n'}
        self.add(name, version, modules, days_ago=days_ago, requires=requires)

    def yank(self, name: str, version: str, why: str) -> None:
        """Take a version back (PEP 592)."""
        for file in self.files[name]:
            if file["filename"].split("-")[1] == version:
                file["yanked"] = why

    def pin(self, name: str) -> str:
        """The newest upload in a lock file."""
        wheel = self.files[name][-1]
        version = wheel["filename"].split("-")[1]
        return f"{name}=={version} \\\n    --hash=sha256:{wheel['hashes']['sha256']}\n"

    def add(
        self,
        name: str,
        version: str,
        modules: Mapping[str, str | bytes],
        *,
        days_ago: int = 30,
        requires: tuple[str, ...] = (),
    ) -> None:
        """Upload a wheel of these files."""
        stem = f"{name.replace('-', '_')}-{version}"
        path = self.folder / f"{stem}-py3-none-any.whl"
        info = f"{stem}.dist-info"
        needs = "".join(f"Requires-Dist: {requirement}\n" for requirement in requires)
        members = dict(modules) | {
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\n"
            "Tag: py3-none-any\n",
        }
        members[f"{info}/RECORD"] = "".join(
            f"{member},,\n" for member in (*members, f"{info}/RECORD")
        )
        with zipfile.ZipFile(path, "w") as wheel:
            for member, content in members.items():
                wheel.writestr(member, content)
        self.add_file(name, path, days_ago=days_ago)

    def add_file(self, name: str, path: Path, *, days_ago: int) -> None:
        """Upload a wheel that is in the folder."""
        uploaded = datetime.now(UTC) - timedelta(days=days_ago)
        self.files.setdefault(name, []).append(
            {
                "filename": path.name,
                "url": f"{self.url}/files/{path.name}",
                "hashes": {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()},
                "upload-time": f"{uploaded:%Y-%m-%dT%H:%M:%SZ}",
            }
        )


@contextmanager
def serve_index(folder: Path) -> Iterator[PackageIndex]:
    """Serve an empty index on the loopback until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    index = PackageIndex(folder)

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            kind, _, rest = self.path.strip("/").partition("/")
            if index.stalled and rest == index.stalled:
                index.asked.set()
                index.over.wait()
            if kind == "simple" and rest in index.files:
                page = {"meta": {"api-version": "1.1"}, "name": rest, "files": index.files[rest]}
                self._answer(json.dumps(page).encode(), SIMPLE)
            elif kind == "files" and (folder / rest).is_file():
                self._answer((folder / rest).read_bytes(), "application/octet-stream")
            else:
                self.send_error(404)

        def _answer(self, body: bytes, kind: str) -> None:
            self.answer(200, body, {"Content-Type": kind})

        do_HEAD = do_GET  # noqa: N815 - http.server's name

    with served(Handler) as index.url:
        try:
            yield index
        finally:
            index.over.set()
