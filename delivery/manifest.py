"""Whether a bundle is still what was assembled: every file of its manifest, and no other."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from config.errors import UserError
from config.layout import MANIFEST_NAME

# Made by running the bundle here; its ignore files keep them out of what is built from it.
NOT_ITS_OWN = "__pycache__"


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
    path = bundle / MANIFEST_NAME
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it with `dvc repro`") from None
    return _parse(content, str(path))


def verify_bundle(bundle: Path) -> None:
    """Compare the files with the manifest.

    Raises:
        UserError: the first file that is missing, changed or extra, by name.
    """
    read_verified(bundle)


def read_verified(bundle: Path) -> dict[str, bytes]:
    """Every file of the bundle by name, its manifest too: the very bytes that were compared.

    Who goes on with these, and not with the folder, has what the manifest says, whatever becomes of
    the folder meanwhile.

    Raises:
        UserError: the first file that is missing, changed or extra, by name.
    """
    files = {
        str(path.relative_to(bundle)): path.read_bytes()
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and NOT_ITS_OWN not in path.parts
    }
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
    manifest = _parse(files[MANIFEST_NAME], place)
    expected = manifest.files
    found = {
        name: hashlib.sha256(content).hexdigest()
        for name, content in files.items()
        if name != MANIFEST_NAME
    }
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            what = "is missing" if name not in found else "was changed"
            what = "does not belong there" if name not in expected else what
            raise UserError(
                f"{where}/{name} {what}, says {MANIFEST_NAME}; nothing is made of it. Make the "
                "bundle again with `dvc repro --force bundle`"
            )
    return manifest


def _parse(content: bytes, place: str) -> Manifest:
    try:
        found = json.loads(content)
        return Manifest(str(found["bundle"]), dict(found["files"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        raise UserError(
            f"{place}: not a manifest; make it anew with `dvc repro --force bundle`"
        ) from None
