"""Whether a bundle is still what was assembled: every file of its manifest, and no other."""

import hashlib
import json
from pathlib import Path

from config.errors import UserError
from config.layout import MANIFEST_NAME

# Made by running the bundle here; its ignore files keep them out of what is built from it.
NOT_ITS_OWN = "__pycache__"


def verify_bundle(bundle: Path) -> None:
    """Compare the files with the manifest.

    Raises:
        UserError: the first file that is missing, changed or extra, by name.
    """
    try:
        expected: dict[str, str] = json.loads((bundle / MANIFEST_NAME).read_bytes())["files"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{bundle / MANIFEST_NAME}: {error}; make it with `dvc repro`") from None
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
