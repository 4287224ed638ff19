"""The sources: files and folders that ``dvc add``, ``import`` or ``import-url`` keep out of git."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinserve.config.errors import UserError
from twinserve.config.yaml_file import read_yaml

SUFFIX = ".dvc"
FOLDER = ".dir"
_REMEDY = "DVC makes it: restore it from git, or run `dvc add` again"


@dataclass(frozen=True, slots=True)
class Source:
    """What a ``.dvc`` file stands for.

    Attributes:
        file: the ``.dvc`` file.
        path: of the file or folder.
        digest: its MD5, which names its object; of a folder it ends in ``.dir``. None where DVC
            has not hashed it yet.
        size: in bytes, if the file tells.
        cached: whether DVC keeps it in cache and remote.
    """

    file: Path
    path: Path
    digest: str | None
    size: int | None
    cached: bool

    def covers(self, path: Path) -> bool:
        """Whether the path is the source's, or lies in it."""
        return path.is_relative_to(self.path)


def find_sources(tree: Path = Path()) -> list[Source]:
    """Every source of the tree, by path; no folder that DVC keeps is looked into.

    Raises:
        UserError: a ``.dvc`` file is none.
    """
    return sorted(_walk(tree), key=lambda source: source.path)


def missing_sources(tree: Path = Path()) -> list[Source]:
    """The sources that are not in the tree."""
    return [source for source in find_sources(tree) if not source.path.exists()]


def _walk(tree: Path) -> Iterator[Source]:
    for directory, folders, files in os.walk(tree):
        here = Path(directory)
        sources = [
            source
            for name in files
            if name.endswith(SUFFIX) and name != SUFFIX
            for source in _read(here / name)
        ]
        yield from sources
        kept = {source.path for source in sources}
        folders[:] = [
            name for name in folders if not name.startswith(".") and here / name not in kept
        ]


def _read(file: Path) -> list[Source]:
    content = read_yaml(file, _REMEDY)
    outs = content.get("outs") if isinstance(content, dict) else None
    if not isinstance(outs, list):
        raise UserError(f"{file}: names no `outs`; {_REMEDY}")
    base = file.parent / str(content.get("wdir", "."))
    return [_source(file, base, out) for out in outs]


def _source(file: Path, base: Path, out: Any) -> Source:  # noqa: ANN401 - YAML's
    if not isinstance(out, dict) or not isinstance(out.get("path"), str):
        raise UserError(f"{file}: an entry of `outs` has no path; {_REMEDY}")
    digest, size = out.get("md5"), out.get("size")
    return Source(
        file=file,
        path=Path(os.path.normpath(base / out["path"])),
        digest=digest if isinstance(digest, str) else None,
        size=size if isinstance(size, int) else None,
        cached=out.get("cache") is not False,
    )
