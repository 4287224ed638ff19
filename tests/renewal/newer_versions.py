"""Versions that nobody has released, of packages that are locked: served from this machine."""

import importlib.metadata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.renewal.package_index import serve_index

NEWEST = "99.0.0"


@contextmanager
def serve_newer(
    folder: Path, *names: str, changed: Mapping[str, str] | None = None
) -> Iterator[dict[str, str]]:
    """Serve what is installed of these as a next version; variables by which uv asks there too.

    ``changed`` is added to the end of files.
    """
    with serve_index(folder) as index:
        for name in names:
            index.add(name, NEWEST, _modules(name, changed or {}), days_ago=30)
        # Of all indexes, which the usual one of this machine is among.
        yield {"UV_INDEX": f"{index.url}/simple", "UV_INDEX_STRATEGY": "unsafe-best-match"}


def _modules(name: str, changed: Mapping[str, str]) -> dict[str, bytes]:
    """The installed package's files."""
    return {
        str(file): Path(str(file.locate())).read_bytes() + changed.get(str(file), "").encode()
        for file in importlib.metadata.files(name) or []
        if ".dist-info" not in file.parts[0] and ".." not in file.parts and file.suffix != ".pyc"
    }
