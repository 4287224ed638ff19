"""A pickle's SHA-256, which stands beside it in git: without it nothing is unpickled."""

import hashlib
from pathlib import Path

from twinserve.training.outputs import read_output, write_output
from twinserve.training.paths import MODEL_PATH


def digest_of(content: bytes) -> str:
    """SHA-256 of a pickle."""
    return hashlib.sha256(content).hexdigest()


def digest_path(path: Path = MODEL_PATH) -> Path:
    """Where the digest of a pickle stands, in the form that ``sha256sum --check`` reads."""
    return path.with_name(f"{path.name}.sha256")


def read_digest(path: Path = MODEL_PATH) -> str:
    """The digest that stands beside a pickle.

    Raises:
        UserError: there is none.
    """
    return read_output(digest_path(path)).decode(errors="replace").partition(" ")[0]


def write_model(content: bytes, path: Path = MODEL_PATH) -> None:
    """Keep a pickle, and beside it its digest."""
    write_output(path, content)
    line = f"{digest_of(content)}  {path.as_posix()}\n"
    write_output(digest_path(path), line.encode())
