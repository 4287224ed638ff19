"""A Python of another version, on this machine."""

import subprocess
from pathlib import Path

from uv import find_uv_bin

from twinserve.config.errors import UserError
from twinserve.config.variables import PACKAGES, tool_environment


def find_interpreter(version: str, *, fetch: bool) -> Path:
    """The Python that uv finds on the PATH, or among those that it has fetched.

    Raises:
        UserError: there is none, and none may be fetched, or can be.
    """
    if found := _find(version):
        return found
    if not fetch:
        raise UserError(
            f"no Python {version} runs on this machine: put one on the PATH, or let uv fetch one "
            f"(`twinserve renew python {version} --fetch`)"
        )
    done = _uv("install", "--no-bin", version)
    interpreter = _find(version)
    if interpreter is None:
        said = " ".join(done.stderr.split())[:300]
        raise UserError(f"uv could not fetch Python {version}: {said or 'it names no reason'}")
    return interpreter


def _find(version: str) -> Path | None:
    # A shim of a version that is switched off counts as none.
    done = _uv("find", "--system", "--no-project", version)
    path = done.stdout.strip()
    return Path(path) if done.returncode == 0 and path else None


def _uv(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `uv python`, which fetches nothing that it is not told to."""
    return subprocess.run(
        [find_uv_bin(), "python", *words],
        env=tool_environment(PACKAGES) | {"UV_PYTHON_DOWNLOADS": "manual"},
        capture_output=True,
        text=True,
        check=False,
    )
