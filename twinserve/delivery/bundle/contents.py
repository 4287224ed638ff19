"""What lies in a folder: files by SHA-256, modes, links, and bytecode that is not its source's.

The standard library alone, and no other module of this project: ``verify --image`` hands this very
text to the Python in an image.
"""

import hashlib
import importlib.util
import json
import marshal
import os
import stat
import sys
from pathlib import Path

BYTECODE = "__pycache__"
# Of a file of bytecode, what stands before the code.
_HEADER_BYTES = 16


def list_contents(root: Path) -> dict[str, tuple[str, int, str]]:
    """Kind, mode and content of everything below a folder, by its path there.

    The kind is ``file`` with its SHA-256, ``folder``, ``link`` with its target, ``other``, or
    ``bytecode`` with what is wrong with it, if anything is. No link is followed, and nothing but a
    file is opened.
    """
    contents: dict[str, tuple[str, int, str]] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder, name)
            contents[path.relative_to(root).as_posix()] = _entry(path)
    return contents


def _entry(path: Path) -> tuple[str, int, str]:
    mode = path.lstat().st_mode
    bits = stat.S_IMODE(mode)
    if stat.S_ISLNK(mode):
        return "link", bits, str(path.readlink())
    if stat.S_ISDIR(mode):
        return "folder", bits, ""
    if not stat.S_ISREG(mode):
        return "other", bits, ""
    if path.parent.name == BYTECODE:
        return "bytecode", bits, _fault(path)
    return "file", bits, hashlib.sha256(path.read_bytes()).hexdigest()


def _fault(path: Path) -> str:
    """The fault of a file of bytecode: Python may run it without a look at its source."""
    source = path.parent.parent / f"{path.name.partition('.')[0]}.py"
    known = Path(importlib.util.cache_from_source(str(source), optimization=""))
    if path != known or source.is_symlink() or not source.is_file():
        return "does not belong there"
    content = path.read_bytes()
    try:
        code = compile(source.read_bytes(), source, "exec", dont_inherit=True, optimize=0)
        bytecode = marshal.loads(content[_HEADER_BYTES:])  # noqa: S302 - compared, never run
    except (ValueError, SyntaxError, EOFError, TypeError):
        bytecode = code = None
    same = code is not None and code == bytecode
    right = same and content.startswith(importlib.util.MAGIC_NUMBER)
    return "" if right else f"is not the bytecode of {source.name}"


if __name__ == "__main__":
    sys.stdout.write(json.dumps(list_contents(Path(sys.argv[1]))))
