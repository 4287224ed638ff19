"""Whether a bundle is still what was assembled: every file, link and mode, and no other."""

import hashlib
import json
from collections.abc import Collection, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from twinserve.config.card import read_file
from twinserve.config.errors import UserError
from twinserve.config.layout import MANIFEST_NAME
from twinserve.delivery.bundle.contents import BYTECODE, list_contents

# Whatever the umask of the machine that assembles: what a container copies must be readable by
# another user.
FILE_MODE = 0o644
FOLDER_MODE = 0o755


class Manifest(NamedTuple):
    """What ``bundle.py`` has written beside the files.

    Attributes:
        bundle: the hash that both bundles of one assembly share.
        files: their SHA-256 by name, in order.
    """

    bundle: str
    files: dict[str, str]


def read_manifest(bundle: Path) -> Manifest:
    """Read it.

    Raises:
        UserError: it is not there, or not one.
    """
    return _parse(bundle / MANIFEST_NAME, _read(bundle / MANIFEST_NAME))


def verify_bundle(bundle: Path) -> None:
    """Compare the folder with the manifest.

    Raises:
        UserError: the first file that is missing, changed, extra, a link or of another mode.
    """
    read_manifest(bundle)
    try:
        contents = list_contents(bundle)
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; nothing is built") from None
    if fault := find_fault(bundle, contents):
        raise UserError(
            f"{bundle}/{fault}, says {MANIFEST_NAME}; nothing is built. Make the bundle again "
            "with `dvc repro --force bundle`"
        )


def read_verified(bundle: Path) -> dict[str, bytes]:
    """Every file of the bundle by name, its manifest too: the very bytes that were compared.

    Who goes on with these, and not with the folder, has what the manifest says, whatever becomes of
    the folder meanwhile.

    Raises:
        UserError: the first file that is missing, changed, extra, a link or of another mode.
    """
    verify_bundle(bundle)
    names = [*read_manifest(bundle).files, MANIFEST_NAME]
    files = {name: _read(bundle / name) for name in sorted(names)}
    compare(files, str(bundle))
    return files


def compare(files: Mapping[str, bytes], where: str) -> Manifest:
    """Hold files by name to the manifest that is among them; the manifest.

    Raises:
        UserError: the first file that is missing, changed or extra, by name.
    """
    place = f"{where}/{MANIFEST_NAME}"
    if MANIFEST_NAME not in files:
        raise UserError(f"{place}: No such file or directory; make it with `dvc repro`")
    manifest = _parse(Path(place), files[MANIFEST_NAME])
    expected = manifest.files
    contents = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != MANIFEST_NAME
    }
    for name in sorted(expected.keys() | contents.keys()):
        if contents.get(name) != expected.get(name):
            difference = "is missing" if name not in contents else "was changed"
            difference = "does not belong there" if name not in expected else difference
            raise UserError(
                f"{where}/{name} {difference}, says {MANIFEST_NAME}; nothing is made of it. Make "
                "the bundle again with `dvc repro --force bundle`"
            )
    return manifest


def find_fault(
    bundle: Path, contents: Mapping[str, tuple[str, int, str]], optional: Collection[str] = ()
) -> str | None:
    """The first thing in which contents are not those of the bundle's manifest, and how.

    Bytecode may be there where it is what Python makes of the file beside it, since running a
    bundle makes it; the ignore files keep it out of what is built.

    Args:
        bundle: the folder whose manifest counts.
        contents: as ``list_contents`` gives them.
        optional: names that need not be there.
    """
    manifest = _read(bundle / MANIFEST_NAME)
    files = _parse(bundle / MANIFEST_NAME, manifest).files
    files |= {MANIFEST_NAME: hashlib.sha256(manifest).hexdigest()}
    folders = {str(parent) for name in files for parent in PurePosixPath(name).parents} - {"."}
    expected = {name: ("file", FILE_MODE, digest) for name, digest in files.items()}
    expected |= dict.fromkeys(folders, ("folder", FOLDER_MODE, ""))
    # Sources first, so that what is wrong with one is not told of its bytecode.
    for name in sorted(
        expected.keys() | contents.keys(), key=lambda path: (BYTECODE in path, path)
    ):
        if name not in contents:
            if name not in optional:
                return f"{name} is missing"
        elif fault := _fault(name, contents[name], expected.get(name)):
            return f"{name} {fault}"
    return None


def _fault(
    name: str, present: tuple[str, int, str], expected: tuple[str, int, str] | None
) -> str | None:
    kind, mode, content = present
    if kind == "bytecode":
        return content or None
    if kind == "folder" and PurePosixPath(name).name == BYTECODE:
        return None
    if expected is None:
        return "does not belong there"
    if kind != expected[0]:
        return f"is a link to {content}" if kind == "link" else f"is not a {expected[0]}"
    if mode != expected[1]:
        return f"has mode {mode:o}, not {expected[1]:o}"
    return "was changed" if content != expected[2] else None


def _read(path: Path) -> bytes:
    return read_file(path, "make it with `dvc repro`")


def _parse(path: Path, content: bytes) -> Manifest:
    try:
        members = json.loads(content)
        files = {str(name): str(digest) for name, digest in members["files"].items()}
        return Manifest(str(members["bundle"]), files)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise UserError(
            f"{path}: not a manifest; make it anew with `dvc repro --force bundle`"
        ) from None
