"""Compile the lock files from ``pyproject.toml``: hashed, for every platform, naming no index."""

import argparse
import re
import tempfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from twinserve.config.errors import UserError
from twinserve.delivery.bundle.oldest import oldest_python
from twinserve.delivery.bundle.pins import LOCKS, lowered, read_pins
from twinserve.targets.environment import run_uv

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
# Of a lock: name, version and marker, without hashes.
_REQUIREMENT = re.compile(r"^\S+==[^\\\n]+", re.MULTILINE)
MODEL_LIBRARIES = ("joblib", "onnxruntime", "scikit-learn")
OPTIONS = (
    "--universal",
    # One version of each package on every Python: the model card names them.
    "--fork-strategy=fewest",
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

    def options(self, young: Iterable[str]) -> list[str]:
        """The options of uv for a room; ``young`` are those of its pins that came too late."""
        chosen = [f"--upgrade-package={name}" for name in self.names] or ["--upgrade"]
        limit = [f"--exclude-newer={_time(self.before)}"] if self.before else []
        return [*chosen, *limit, *_at_once((*self.at_once, *young))]

    def options_of(self, own: Iterable[str], young: Iterable[str]) -> list[str]:
        """The same for a room of which all but its ``own`` packages are settled by constraints."""
        names = sorted(set(own) & set(self.names) if self.names else own)
        limited = sorted({*own} - {*self.at_once} - {*young}) if self.before else []
        return [
            *(f"--upgrade-package={name}" for name in names),
            *(f"--exclude-newer-package={name}={_time(self.before)}" for name in limited),
        ]


def lock(tree: Path = Path(), newer: Newer | None = None, *, apart: bool = True) -> list[Path]:
    """Compile each group; the widest first, the others constrained by it.

    What is locked stays, where it fits and ``newer`` does not say otherwise.

    Raises:
        UserError: uv finds no versions that fit together.
    """
    text = (tree / "pyproject.toml").read_text(encoding="utf-8")
    groups = tomllib.loads(text)["dependency-groups"]
    rooms = _Rooms.of(groups)
    widest = LOCKS / f"{WIDEST}.txt"
    _compile_freely(tree, WIDEST, widest, newer, newer.bounds if newer else ())
    for group in rooms.settled:
        _compile_settled(tree, group, newer, widest)
    if apart:
        _compile_apart(tree, rooms, newer, widest)
    written = [widest, *(LOCKS / f"{group}.txt" for group in rooms.settled)]
    return [*written, *map(_apart, (*rooms.servers, *rooms.peers))] if apart else written


@dataclass(frozen=True, slots=True)
class _Rooms:
    """The groups that have a lock beside the widest, by whose versions they are held to."""

    settled: tuple[str, ...]
    servers: tuple[str, ...]
    peers: tuple[str, ...]

    @classmethod
    def of(cls, groups: Iterable[str]) -> Self:
        """Sort the groups of ``pyproject.toml``."""
        rest = sorted(set(groups) - PARTS - {WIDEST})
        servers = tuple(group for group in rest if group == APART or group.startswith(SERVER))
        peers = tuple(group for group in rest if group.startswith(PEER))
        return cls(tuple(sorted(set(rest) - {*servers, *peers})), servers, peers)


def _compile_apart(tree: Path, rooms: _Rooms, newer: Newer | None, widest: Path) -> None:
    """The rooms that no check installs: servers, clients, and peers in a few versions of ours."""
    for group in rooms.servers:
        _compile_freely(tree, group, _apart(group), newer, ())
    settled = _pins(tree / widest)
    shared = {name: settled[name] for name in MODEL_LIBRARIES if name in settled}
    for group in rooms.peers:
        exact = [f"{name}=={version}" for name, version in shared.items()]
        _compile_freely(tree, group, _apart(group), newer, exact, shared)


def _apart(group: str) -> Path:
    if group == APART:
        return LOCKS / f"{APART}.txt"
    if group.startswith(SERVER):
        return SERVER_LOCKS / f"{group.removeprefix(SERVER)}.txt"
    return PEER_LOCKS / f"{group.removeprefix(PEER)}.txt"


def _compile_freely(
    tree: Path,
    group: str,
    path: Path,
    newer: Newer | None,
    bounds: Sequence[str],
    shared: Iterable[str] = (),
) -> None:
    """Compile a room that settles its own versions, but for ``shared`` ones."""
    young = _young(tree, _pins(tree / path), newer)
    most = [f"{name}<={version}" for name, version in young.items() if name not in shared]
    options = newer.options([*young, *shared]) if newer else []
    with _listed([*bounds, *most]) as constraint:
        _uv(tree, group, path, [constraint], options)


def _compile_settled(tree: Path, group: str, newer: Newer | None, widest: Path) -> None:
    """Compile a room of the widest one's versions, but for its own and what it takes back."""
    path, text = LOCKS / f"{group}.txt", (tree / widest).read_text(encoding="utf-8")
    taken_back = TAKEN_BACK.get(group, ())
    settled = {line: read_pins(line) for line in _REQUIREMENT.findall(text)}
    lines = [line for line, pin in settled.items() if not set(pin) & {*taken_back}]
    held = {name for line in lines for name in settled[line]}
    own = {name: pin for name, pin in _pins(tree / path).items() if name not in held}
    young = _young(tree, own, newer)
    options = newer.options_of(own, young) if newer else []
    most = [f"{name}<={version}" for name, version in young.items()]
    with _listed([*lines, *most]) as constraint:
        _uv(tree, group, path, [constraint], options)


def _young(tree: Path, pins: Mapping[str, str], newer: Newer | None) -> dict[str, str]:
    """The pins that were uploaded too late to be taken, which are not given up for that."""
    if newer is None or newer.before is None or not pins:
        return {}
    with _listed(f"{name}<={version}" for name, version in pins.items()) as requirements:
        options = ["--no-deps", "--universal"]
        limit = f"--exclude-newer={_time(newer.before)}"
        printed = _run(tree, "the locked versions", [*options, limit, str(requirements)])
    return lowered(pins, read_pins(printed))


@contextmanager
def _listed(lines: Iterable[str]) -> Iterator[Path]:
    """A file of requirements, until the end."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))
        file.flush()
        yield Path(file.name)


def _uv(
    tree: Path, group: str, path: Path, constraints: Sequence[Path], options: Sequence[str]
) -> None:
    """Compile a group into its lock, which is kept as far as it fits."""
    (tree / path).parent.mkdir(exist_ok=True)
    wanted = group == WIDEST or group.startswith(BUNDLED)
    own = [str(OWN)] if (tree / OWN).exists() and wanted else []
    words = [*OPTIONS, *options, "pyproject.toml", *own, f"--group={group}"]
    words += [f"--constraint={file}" for file in constraints]
    _run(tree, str(path), [*words, f"--output-file={path}"])


def _run(tree: Path, subject: str, words: Sequence[str]) -> str:
    """The output of `uv pip compile`.

    Raises:
        UserError: no versions fit together, or the index cannot be asked.
    """
    version = f"--python-version={oldest_python(tree)}"
    done = run_uv("pip", "compile", "--quiet", version, *words, directory=tree)
    if done.returncode:
        raise UserError(f"{subject}: {' '.join(done.stderr.split())[:500]}")
    return done.stdout


def _pins(path: Path) -> dict[str, str]:
    return read_pins(path.read_text(encoding="utf-8")) if path.exists() else {}


def _at_once(packages: Iterable[str]) -> list[str]:
    """Options that let the newest version of a package in."""
    now = _time(datetime.now(UTC) + timedelta(days=1))
    return [f"--exclude-newer-package={name}={now}" for name in packages]


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
