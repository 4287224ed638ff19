"""Compile the lock files from ``pyproject.toml``: hashed, for every platform, naming no index."""

import argparse
import re
import subprocess
import tempfile
import tomllib
from pathlib import Path

from uv import find_uv_bin

from twinserve.config.errors import UserError
from twinserve.config.variables import PACKAGES, tool_environment

LOCKS = Path("locks")
# Compiled first and without constraints: it holds every other group, so it settles all versions.
WIDEST = "dev"
# Remotes of DVC's: these groups stand beside the widest, and may take it back where they say so.
REMOTE = "remote-"
# botocore takes no newer one; nothing that makes or serves a model reads it.
TAKEN_BACK = {"remote-s3": ("python-dateutil",)}
# Only parts of what a bundle installs.
PARTS = frozenset({"onnx", "joblib", "service", "function", "remote", "pipeline"})
# What the user's own code imports: locked with each bundle's own, and here too, where that code is
# loaded to make the bundles and to test them.
OWN = Path("custom/requirements.txt")
BUNDLED = ("service-", "function-")
# What the project is measured against: these groups are held to it in nothing but the libraries
# that made the model, and so their locks lie apart.
PEER = "peer-"
PEER_LOCKS = LOCKS / "peers"
# What makes and tries clients runs in an environment of its own, and is held to nothing.
APART = "clients"
# What tests start beside the project: nothing is held to its versions.
SERVER = "server-"
SERVER_LOCKS = LOCKS / "servers"
MODEL_LIBRARIES = ("joblib", "onnxruntime", "scikit-learn")
OPTIONS = (
    "--universal",
    # One version of each package on every Python: the model card names them.
    "--fork-strategy=fewest",
    "--python-version=3.11",
    "--generate-hashes",
    "--no-emit-index-url",
    "--no-emit-find-links",
    "--no-header",
    "--no-annotate",
)


def run(_arguments: argparse.Namespace) -> None:
    """Compile, and name each file."""
    for path in lock():
        print(path)


def lock() -> list[Path]:
    """Compile each group; the widest first, the others constrained by it.

    Raises:
        UserError: uv finds no versions that fit together.
    """
    groups = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    peers = sorted(group for group in groups if group.startswith(PEER))
    remotes = sorted(group for group in groups if group.startswith(REMOTE))
    servers = sorted(group for group in groups if group.startswith(SERVER))
    apart = {WIDEST, APART, *peers, *remotes, *servers}
    others = sorted(set(groups) - PARTS - apart)
    widest = _compile(WIDEST, LOCKS / f"{WIDEST}.txt")
    written = [widest]
    written += [_compile(group, LOCKS / f"{group}.txt", widest) for group in others]
    written += [_remote(group, widest) for group in remotes]
    written.append(_compile(APART, LOCKS / f"{APART}.txt"))
    written += [_compile(group, _server_lock(group)) for group in servers]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraint:
        constraint.write(_model_libraries(widest))
        constraint.flush()
        for group in peers:
            path = PEER_LOCKS / f"{group.removeprefix(PEER)}.txt"
            written.append(_compile(group, path, Path(constraint.name)))
    return written


def _remote(group: str, widest: Path) -> Path:
    """The lock of a remote's plug-in, in the widest one's versions but for what it takes back."""
    names = "|".join(TAKEN_BACK.get(group, ("",)))
    pins = re.findall(rf"^(?!(?:{names})==)\S+==[^\\\n]+", widest.read_text("utf-8"), re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as constraint:
        constraint.write("\n".join(map(str.strip, pins)) + "\n")
        constraint.flush()
        return _compile(group, LOCKS / f"{group}.txt", Path(constraint.name))


def _server_lock(group: str) -> Path:
    return SERVER_LOCKS / f"{group.removeprefix(SERVER)}.txt"


def _model_libraries(widest: Path) -> str:
    """What the peers' locks have in common with ours, as constraints."""
    pin = re.compile(rf"^(?:{'|'.join(MODEL_LIBRARIES)})==\S+", re.MULTILINE)
    return "\n".join(pin.findall(widest.read_text(encoding="utf-8"))) + "\n"


def _compile(group: str, path: Path, constraint: Path | None = None) -> Path:
    path.parent.mkdir(exist_ok=True)
    constraints = ["--constraint", str(constraint)] if constraint else []
    own = [str(OWN)] if OWN.exists() and (group == WIDEST or group.startswith(BUNDLED)) else []
    arguments = ["pip", "compile", "--quiet", *OPTIONS, *constraints, "pyproject.toml", *own]
    done = subprocess.run(
        [find_uv_bin(), *arguments, "--group", group, "--output-file", str(path)],
        env=tool_environment(PACKAGES) | {"UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"{path}: {' '.join(done.stderr.split())[:500]}")
    return path
