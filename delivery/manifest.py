"""Whether a bundle is still what was assembled: every file of its manifest, and no other."""

import hashlib
import json
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
        found = json.loads(path.read_bytes())
        return Manifest(str(found["bundle"]), dict(found["files"]))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it with `dvc repro`") from None
    except (ValueError, LookupError, TypeError):
        raise UserError(
            f"{path}: not a manifest; make it anew with `dvc repro --force bundle`"
        ) from None


def verify_bundle(bundle: Path) -> None:
    """Compare the files with the manifest.

    Raises:
        UserError: the first file that is missing, changed or extra, by name.
    """
    expected = read_manifest(bundle).files
    found = {
        str(path.relative_to(bundle)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(bundle.rglob("*"))
        if path.is_file() and NOT_ITS_OWN not in path.parts
    }
    del found[MANIFEST_NAME]
    for name in sorted(expected.keys() | found.keys()):
        if found.get(name) != expected.get(name):
            what = "is missing" if name not in found else "was changed"
            what = "does not belong there" if name not in expected else what
            raise UserError(
                f"{bundle / name} {what}, says {MANIFEST_NAME}; nothing is built. Make the bundle "
                "again with `dvc repro --force bundle`"
            )
