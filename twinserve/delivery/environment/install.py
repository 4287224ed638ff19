"""The project's own environment, made by a Python that has nothing yet.

``make`` asks for it where ``.venv/ready`` is older than the locks, was written in another place,
for other estimators and remotes, or by a Python that is too old by now: a library of boosted trees,
or Dask, is there only where ``params.yaml`` names it, a plug-in of DVC's only where a remote or an
imported source is of its scheme.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from twinserve.config.errors import UserError, run_as_command
from twinserve.config.variables import PACKAGES, tool_environment
from twinserve.delivery.bundle.oldest import oldest_python
from twinserve.delivery.environment import remotes

PLACE = Path(".venv")
# What the user's shell tells Python is not for ours (`-E`), but for how soon it prints.
LAUNCHER = """\
#!/bin/sh
exec "$(dirname "$0")/python" -E ${PYTHONUNBUFFERED:+-u} -m twinserve "$@"
"""
BOOTSTRAP, LOCK = "locks/bootstrap.txt", "locks/dev.txt"
# There is no YAML reader yet; a comment that names a library costs its room on a disk.
_LIBRARY = re.compile(
    r"""import_path["']?:\s*["']?(catboost|lightgbm|xgboost)\.|\bengine["']?:\s*["']?(dask)\b"""
)
# As `python -m venv` and uv write it.
_VERSION = re.compile(r"^version(?:_info)? *= *3\.(\d+)", re.MULTILINE)


def libraries(params: Path = Path("params.yaml")) -> list[str]:
    """Those that ``params.yaml`` names, for an estimator or a cluster; each has its own lock."""
    try:
        named = _LIBRARY.findall(params.read_text(encoding="utf-8"))
        return sorted({name for names in named for name in names if name})
    except (OSError, UnicodeDecodeError):
        return []


def expected(place: Path = PLACE) -> str:
    """What ``ready`` says in an environment that is as it should be.

    Nothing without one, and where its Python is older than ``pyproject.toml`` asks for by now.
    """
    if not place.exists() or _is_older(place):
        return ""
    return " ".join([str(place.resolve()), *libraries(), *remotes.marks()])


def _is_older(place: Path) -> bool:
    try:
        made_by = _VERSION.search((place / "pyvenv.cfg").read_text(encoding="utf-8"))
        oldest = int(oldest_python().partition(".")[2])
    except (OSError, UserError):
        return False
    return made_by is not None and int(made_by[1]) < oldest


def install(place: Path = PLACE) -> None:
    """Make the environment from its locks, every hash checked, all bytecode compiled.

    Raises:
        UserError: a link stands there, or a step failed.
    """
    if place.is_symlink():
        raise UserError(
            f"{place} is a link to {place.readlink()}, where {LOCK} was not installed by this, or "
            f"was another one; what a link leads to is not cleared: remove the link (`rm {place}`) "
            "and run this again"
        )
    plug_ins = _plug_ins()
    locks = [LOCK, *(f"locks/{name}.txt" for name in libraries()), *map(str, plug_ins.values())]
    print(f"installing {place} from {' and '.join(locks)}", flush=True)
    python = str(place / "bin" / "python")
    _run(sys.executable, "-m", "venv", "--clear", str(place))
    quiet = ("-q", "--require-hashes")
    _run(python, "-m", "pip", "install", "--disable-pip-version-check", *quiet, "-r", BOOTSTRAP)
    if plug_ins:
        whole = place / "locked.txt"
        whole.write_text(_whole_lock(plug_ins), encoding="utf-8")
        locks = [str(whole), *locks[1 : -len(plug_ins)]]
    _run(
        python, "-m", "uv", "pip", "sync", "--compile-bytecode", *quiet, "--python", python, *locks
    )
    # The command, by the Python beside it: it goes wherever the two go.
    command = place / "bin" / "twinserve"
    command.write_text(LAUNCHER, encoding="utf-8")
    command.chmod(0o755)
    # Scripts name their Python by its path: in another place they are worth nothing.
    (place / "ready").write_text(expected(place), encoding="utf-8")


def _plug_ins() -> dict[str, Path]:
    """The locks of the schemes that DVC's configuration asks for.

    Raises:
        UserError: two of them cannot live together; nothing is installed.
    """
    locks = {scheme: remotes.lock_of(scheme) for scheme in remotes.schemes()}
    _whole_lock(locks)
    return locks


def _whole_lock(plug_ins: Mapping[str, Path]) -> str:
    """All that is installed, in one lock, since a plug-in may take a package back."""
    texts = {scheme: lock.read_text("utf-8") for scheme, lock in plug_ins.items()}
    return remotes.with_plug_ins(Path(LOCK).read_text("utf-8"), texts)


def _run(*command: str) -> None:
    # A user's `pip.conf` may ask for their own folder instead.
    environment = tool_environment(PACKAGES) | {"PIP_USER": "0", "UV_PYTHON_DOWNLOADS": "never"}
    if subprocess.run(command, env=environment, check=False).returncode:
        words = " ".join(command[1:5])
        raise UserError(f"`python {words}` failed; its own lines above say why")


if __name__ == "__main__":
    if sys.argv[1:] == ["--expected"]:
        print(expected())
    else:
        run_as_command(install)
