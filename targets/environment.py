"""A locked virtual environment for each list of requirements: that and nothing else importable."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from config.errors import UserError

ENVIRONMENTS = Path(".cache/environments")


def ensure_environment(requirements: Path) -> Path:
    """The Python executable of an environment that holds exactly ``requirements``.

    Made once for each content of the file and each Python, every hash checked and all bytecode
    compiled; after that a look-up.

    Raises:
        UserError: the file is missing, or uv cannot install it.
    """
    try:
        content = requirements.read_bytes()
    except OSError as error:
        raise UserError(f"{requirements}: {error.strerror}; make it with `dvc repro`") from None
    key = hashlib.sha256(content + sys.version.encode() + sys.base_prefix.encode()).hexdigest()[:16]
    # Scripts name their Python by its path, which must outlive a link that led here.
    directory = (ENVIRONMENTS / key).resolve()
    python = directory / "bin" / "python"
    ready = directory / "ready"
    with _locked(ENVIRONMENTS / f"{key}.lock"):
        if not ready.exists():
            shutil.rmtree(directory, ignore_errors=True)
            _uv("venv", "--python", sys.executable, str(directory))
            sync = ["pip", "sync", "--require-hashes", "--compile-bytecode"]
            _uv(*sync, "--python", str(python), str(requirements.absolute()))
            ready.touch()
    return python


def _uv(*arguments: str) -> None:
    """Run uv.

    Raises:
        UserError: with the last line that uv printed.
    """
    environment = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    # pytest and `make` may run inside an activated environment; uv must not mistake it for ours.
    environment.pop("VIRTUAL_ENV", None)
    done = subprocess.run(
        [find_uv_bin(), "--quiet", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UserError(f"uv {arguments[0]} {arguments[1]} failed: {' '.join(lines)[:500]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One at a time: tests and a `make run` beside them may ask for the same environment."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
