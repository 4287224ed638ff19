"""Bundles that DVC has taken from its cache, as every machine and every user can read them."""

import stat
from pathlib import Path

from twinserve.delivery.bundle.assembly import DIST, TARGETS
from twinserve.delivery.bundle.contents import BYTECODE
from twinserve.delivery.bundle.manifest import FILE_MODE, FOLDER_MODE


def settle() -> None:
    """Make of what lies in ``dist`` files of their own, with a bundle's modes.

    DVC may have linked them to its cache, write-protected them, or left them to their owner alone.
    """
    for folder in (DIST / target for target in TARGETS):
        for path in (folder, *sorted(folder.rglob("*"))):
            if path.exists() and BYTECODE not in path.parts:
                _settle(path)


def _settle(path: Path) -> None:
    if path.is_file() and (path.is_symlink() or path.lstat().st_nlink > 1):
        content = path.read_bytes()
        path.unlink()
        path.write_bytes(content)
    mode = FOLDER_MODE if path.is_dir() else FILE_MODE
    if stat.S_IMODE(path.lstat().st_mode) != mode:
        path.chmod(mode)
