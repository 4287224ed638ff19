"""Compile the lock files from ``pyproject.toml``: hashed, for every platform, naming no index."""

import argparse
import subprocess
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from uv import find_uv_bin

from twinserve.config.errors import UserError
from twinserve.config.variables import PACKAGES, tool_environment
from twinserve.delivery.bundle.pins import LOCKS, lowered, read_pins

# Compiled first and without constraints: it holds every other group, so it settles all versions.
WIDEST = "dev"
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


@dataclass(frozen=True, slots=True)
class Newer:
    """Which versions may take the place of those that are locked.

    Attributes:
        names: of the packages; empty: of all.
        before: an upload later than this is not taken, nor is what was locked given up for it.
        at_once: packages that are taken however late they came.
        bounds: requirements that the project's own rooms keep besides.
    """

    names: tuple[str, ...] = ()
    before: datetime | None = None
    at_once: tuple[str, ...] = ()
    bounds: tuple[str, ...] = ()

    def options(self) -> list[str]:
        """What uv is told."""
        chosen = [f"--upgrade-package={name}" for name in self.names] or ["--upgrade"]
        limit = [f"--exclude-newer={_time(self.before)}"] if self.before else []
        return [*chosen, *limit, *_at_once(self.at_once)]

    def options_of(self, own: set[str]) -> list[str]:
        """The same for a room of which all but its ``own`` packages are settled by constraints."""
        names = sorted(own & set(self.names) if self.names else own)
        limited = sorted(own - set(self.at_once)) if self.before else []
        return [
            *(f"--upgrade-package={name}" for name in names),
            *(f"--exclude-newer-package={name}={_time(self.before)}" for name in limited),
        ]


def lock(tree: Path = Path(), newer: Newer | None = None) -> list[Path]:
    """Compile each group; the widest first, the others constrained by it.

    What is locked stays, where it fits and ``newer`` does not say otherwise.

    Raises:
        UserError: uv finds no versions that fit together.
    """
    text = (tree / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["dependency-groups"]
    peers = sorted(group for group in groups if group.startswith(PEER))
    others = sorted(set(groups) - PARTS - {WIDEST} - set(peers))
    widest = LOCKS / f"{WIDEST}.txt"
    written = [widest]
    with _constraint("\n".join(newer.bounds if newer else ())) as bounds:
        _compile(tree, WIDEST, widest, bounds, newer.options() if newer else [])
    settled = read_pins((tree / widest).read_text(encoding="utf-8"))
    for group in others:
        path = LOCKS / f"{group}.txt"
        own = set(_pins(tree / path)) - set(settled)
        options = newer.options_of(own) if newer else []
        written.append(_compile(tree, group, path, (tree / widest).resolve(), options))
    shared = {name: settled[name] for name in MODEL_LIBRARIES if name in settled}
    with _constraint("\n".join(f"{name}=={version}" for name, version in shared.items())) as file:
        options = [*newer.options(), *_at_once(shared)] if newer else []
        for group in peers:
            path = PEER_LOCKS / f"{group.removeprefix(PEER)}.txt"
            written.append(_compile(tree, group, path, file, options))
    return written


@contextmanager
def _constraint(text: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write(f"{text}\n")
        file.flush()
        yield Path(file.name)


def _compile(tree: Path, group: str, path: Path, constraint: Path, options: Sequence[str]) -> Path:
    """Compile a group; a version goes down only where nothing else fits.

    A locked version that is younger than the limit would be given up for an older one.
    """
    locked = tree / path
    before = locked.read_text(encoding="utf-8") if locked.exists() else ""
    _uv(tree, group, path, [constraint], options)
    if down := lowered(read_pins(before), _pins(locked)) if options else {}:
        locked.write_text(before, encoding="utf-8")
        with _constraint("\n".join(f"{name}<={old}" for name, old in down.items())) as most:
            _uv(tree, group, path, [constraint, most], [*options, *_at_once(down)])
    return path


def _uv(
    tree: Path, group: str, path: Path, constraints: Sequence[Path], options: Sequence[str]
) -> None:
    (tree / path).parent.mkdir(exist_ok=True)
    wanted = group == WIDEST or group.startswith(BUNDLED)
    own = [str(OWN)] if (tree / OWN).exists() and wanted else []
    arguments = ["pip", "compile", "--quiet", *OPTIONS, *options, "pyproject.toml", *own]
    arguments += [f"--constraint={one}" for one in constraints]
    done = subprocess.run(
        [find_uv_bin(), *arguments, "--group", group, "--output-file", str(path)],
        cwd=tree,
        env=tool_environment(PACKAGES) | {"UV_PYTHON_DOWNLOADS": "never"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise UserError(f"{path}: {' '.join(done.stderr.split())[:500]}")


def _pins(path: Path) -> dict[str, str]:
    return read_pins(path.read_text(encoding="utf-8")) if path.exists() else {}


def _at_once(packages: Iterable[str]) -> list[str]:
    """Options that let the newest version of a package in."""
    now = _time(datetime.now(UTC) + timedelta(days=1))
    return [f"--exclude-newer-package={name}={now}" for name in packages]


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
