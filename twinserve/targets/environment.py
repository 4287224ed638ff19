"""A locked virtual environment for each list of requirements: that and nothing else importable."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uv import find_uv_bin

from twinserve.config.errors import UserError
from twinserve.config.variables import PACKAGES, tool_environment

ENVIRONMENTS = Path(".cache/environments")


def ensure_environment(requirements: Path, interpreter: Path | None = None) -> Path:
    """The Python executable of an environment that holds exactly ``requirements``.

    It is made by this Python, or by another ``interpreter``.

    Made once for each content of the file, each Python and each place, every hash checked and all
    bytecode compiled; after that a look-up.

    Raises:
        UserError: the file is missing, or uv cannot install it.
    """
    try:
        content = requirements.read_bytes()
    except OSError as error:
        raise UserError(f"{requirements}: {error.strerror}; make it with `dvc repro`") from None
    key = hashlib.sha256(content + _identity(interpreter)).hexdigest()[:16]
    # Scripts name their Python by its path, which must outlive a link that led here.
    directory = ENVIRONMENTS.resolve() / key
    python = directory / "bin" / "python"
    ready = directory / "ready"
    with _locked(ENVIRONMENTS / f"{key}.lock"):
        # For the same reason a tree that was moved or copied gets its environments anew.
        if not (ready.exists() and ready.read_text(encoding="utf-8") == str(directory)):
            _remove(directory)
            _uv("venv", "--python", str(interpreter or sys.executable), str(directory))
            sync = ["pip", "sync", "--require-hashes", "--compile-bytecode"]
            _uv(*sync, "--python", str(python), str(requirements.absolute()))
            ready.write_text(str(directory), encoding="utf-8")
    return python


def _identity(interpreter: Path | None) -> bytes:
    """Version and place of a Python, whichever environment it is asked in."""
    if interpreter is None:
        return f"{sys.version}{sys.base_prefix}".encode()
    asks = "import sys; print(sys.version + sys.base_prefix, end='')"
    done = subprocess.run(
        [str(interpreter), "-I", "-c", asks],
        env=tool_environment(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise UserError(
            f"{interpreter}: does not run: {done.stderr.decode(errors='replace')[:300]}"
        )
    return done.stdout


def _remove(directory: Path) -> None:
    """Delete the directory; of a link, the link alone."""
    if directory.is_symlink():
        directory.unlink()
    else:
        shutil.rmtree(directory, ignore_errors=True)


def run_uv(*arguments: str, directory: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run uv, which fetches packages as the user has it set, and no Python."""
    return subprocess.run(
        [find_uv_bin(), *arguments],
        cwd=directory,
        env=tool_environment(PACKAGES) | {"UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )


def _uv(*arguments: str) -> None:
    """Run uv.

    Raises:
        UserError: with the lines that uv printed.
    """
    done = run_uv("--quiet", *arguments)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise UserError(f"uv {arguments[0]} {arguments[1]} failed: {' '.join(lines)[:500]}")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold an environment's lock: tests and a `make run` beside them may ask for the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
