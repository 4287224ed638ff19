"""The plug-ins that DVC's configuration asks for, by scheme, and the locks that bring them.

There is no YAML reader yet, and no DVC: this stands before anything is installed.
"""

import hashlib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from twinserve.config.errors import UserError

LOCKS = Path("locks")
# Of `gs` and `http` the environment has what it takes.
SCHEMES = ("azure", "s3", "ssh")
_CONFIGURED = re.compile(rf"^\s*url\s*=\s*[\"']?({'|'.join(SCHEMES)})://", re.MULTILINE)
# `dvc import-url` names its address as a dependency.
_IMPORTED = re.compile(rf"^[\s-]*path:\s*[\"']?({'|'.join(SCHEMES)})://", re.MULTILINE)
_DIGITS = 8
# Folders of a user's and of a machine's configuration. Source: platformdirs, which DVC asks.
_XDG = ("~/.config", "/etc/xdg")
_MAC = ("~/Library/Application Support", "/Library/Application Support")


def lock_of(scheme: str) -> Path:
    """The lock that brings the scheme's plug-in."""
    return LOCKS / f"remote-{scheme}.txt"


def schemes(tree: Path = Path()) -> list[str]:
    """The schemes of the tree's remotes and imported sources that need a lock."""
    named = {
        scheme
        for pattern, files in (
            (_CONFIGURED, _configurations(tree)),
            (_IMPORTED, source_files(tree)),
        )
        for file in files
        for scheme in pattern.findall(_text(file))
    }
    return sorted(named)


def marks() -> list[str]:
    """What an environment with these plug-ins is known by: scheme and content of the lock."""
    return [
        f"{scheme}-{hashlib.sha256(lock_of(scheme).read_bytes()).hexdigest()[:_DIGITS]}"
        for scheme in schemes()
        if lock_of(scheme).exists()
    ]


def with_plug_ins(widest: str, locks: Mapping[str, str]) -> str:
    """The widest lock, with what each scheme's adds to it, or takes back.

    Raises:
        UserError: two schemes want another version of the same package.
    """
    entries = _entries(widest)
    changed: dict[str, str] = {}
    for scheme, lock in locks.items():
        for name, entry in _entries(lock).items():
            if entry == entries.get(name):
                continue
            if name in changed and _entries(locks[changed[name]])[name] != entry:
                raise UserError(
                    f"DVC's remotes of {changed[name]}:// and {scheme}:// cannot live in one "
                    f"environment: each wants another {name}; keep to one of the two (`dvc remote "
                    "list`, and the sources of `dvc import-url`)"
                )
            changed[name] = scheme
    own = {name: _entries(locks[scheme])[name] for name, scheme in changed.items()}
    return "\n".join((entries | own).values()) + "\n"


def _entries(lock: str) -> dict[str, str]:
    """Each package's lines in a lock."""
    entries: dict[str, str] = {}
    for block in re.split(r"\n(?=\S)", lock.strip()):
        name = block.partition("==")[0]
        entries[name] = f"{entries[name]}\n{block}" if name in entries else block
    return entries


def _configurations(tree: Path) -> Iterator[Path]:
    """Where DVC reads its own: the tree's, its own alone, the user's and the machine's."""
    yield from (tree / ".dvc" / "config", tree / ".dvc" / "config.local")
    user, machine = _MAC if sys.platform == "darwin" else _XDG
    user = os.environ.get("XDG_CONFIG_HOME") or user
    machine = os.environ.get("XDG_CONFIG_DIRS", "").partition(os.pathsep)[0] or machine
    for name, folder in (("GLOBAL", user), ("SYSTEM", machine)):
        named = os.environ.get(f"DVC_{name}_CONFIG_DIR")
        yield Path(named or f"{folder}/dvc").expanduser() / "config"


def source_files(tree: Path) -> Iterator[Path]:
    """Every ``.dvc`` file; no folder that DVC keeps is looked into, nor one that is hidden."""
    for directory, folders, files in os.walk(tree):
        here = Path(directory)
        named = {name for name in files if name.endswith(".dvc")}
        yield from (here / name for name in sorted(named))
        folders[:] = [
            name for name in folders if not name.startswith(".") and f"{name}.dvc" not in named
        ]


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
