"""The imports of a target before its first prediction, and their times: each start pays them."""

import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from pathlib import Path
from typing import IO, Literal

import numpy as np

from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME
from twinserve.measure.http.client import golden_body
from twinserve.measure.statistics import Estimate, estimate
from twinserve.targets.local import local_target
from twinserve.targets.opener import ask
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering

TargetName = Literal["service", "function"]
TARGETS: tuple[TargetName, ...] = ("service", "function")
STARTS = 7
# For one prediction.
LIMIT_S = 60.0
# `python -X importtime` writes a line when an import ends, indented by its depth.
LINE = re.compile(rb"^import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Module:
    """An import of a start, in milliseconds.

    Attributes:
        self_ms: without what it imported in turn.
        importer: the module that asked for it first.
        outermost: no module of its own package stands above it.
    """

    name: str
    self_ms: float
    cumulative_ms: float
    importer: str | None
    outermost: bool

    @property
    def package(self) -> str:
        """The module's name up to the first dot."""
        return self.name.partition(".")[0]


Start = tuple[Module, ...]


@dataclass(frozen=True, slots=True)
class Package:
    """Modules of one top-level name, in milliseconds: medians over the starts.

    Attributes:
        self_ms: in its own modules; over all packages this adds up to the total.
        cumulative_ms: with what they were the first to import.
    """

    name: str
    modules: int
    self_ms: float
    cumulative_ms: float


@dataclass(frozen=True, slots=True)
class Imports:
    """The import budget of a target: where the milliseconds go."""

    target: str
    starts: int
    modules: int
    total_ms: Estimate
    packages: tuple[Package, ...]


def watched(target: TargetName, bundle: Path) -> ProcessTarget:
    """The target from its bundle, telling what it imports.

    Raises:
        UserError: the bundle cannot be started.
    """
    process = local_target(target, bundle)
    variables = {**process.environment, "PYTHONPROFILEIMPORTTIME": "1"}
    return replace(process, environment=variables)


def watch(process: ProcessTarget) -> Start:
    """Start it, ask for one prediction, and see what was imported by then.

    Raises:
        UserError: it ends by itself, or its card names no golden case.
    """
    body = golden_body(load_card(process.directory / CARD_NAME))
    with tempfile.TemporaryFile() as output:
        with replace(process, output=output).start() as endpoint:
            wait_until_answering(endpoint)
            headers = {"Content-Type": "application/json"}
            reply = ask(endpoint.predict_url, LIMIT_S, body=body, headers=headers)
            if reply.status != HTTPStatus.OK:
                raise UserError(f"{endpoint.name}: status {reply.status}, not a prediction")
        return read_modules(output)


def read_modules(output: IO[bytes]) -> Start:
    """The imports that ``-X importtime`` has written, the last import first."""
    output.seek(0)
    modules: list[Module] = []
    above: dict[int, str] = {}
    # An importer is written after what it imports, so it is met before it from the end.
    for self_us, cumulative_us, indent, name in reversed(LINE.findall(output.read())):
        depth, module = len(indent), name.decode()
        above = {level: importer_name for level, importer_name in above.items() if level < depth}
        package = module.partition(".")[0]
        outermost = all(
            importer_name.partition(".")[0] != package for importer_name in above.values()
        )
        importer = above[max(above)] if above else None
        times = (int(self_us) / 1e3, int(cumulative_us) / 1e3)
        modules.append(Module(module, *times, importer, outermost))
        above[depth] = module
    return tuple(modules)


def summarize(target: str, starts: Sequence[Start]) -> Imports:
    """Medians over several starts, the package that costs most first."""
    names = {module.package for start in starts for module in start}
    packages = [_package(name, starts) for name in names]
    return Imports(
        target=target,
        starts=len(starts),
        modules=len({module.name for start in starts for module in start}),
        total_ms=estimate([total_ms(start) for start in starts]),
        packages=tuple(sorted(packages, key=lambda package: (-package.self_ms, package.name))),
    )


def total_ms(start: Start) -> float:
    """All imports of one start together."""
    return sum(module.self_ms for module in start)


def _package(name: str, starts: Sequence[Start]) -> Package:
    own = [[module for module in start if module.package == name] for start in starts]
    outermost = [
        [module.cumulative_ms for module in modules if module.outermost] for modules in own
    ]
    return Package(
        name=name,
        modules=len({module.name for modules in own for module in modules}),
        self_ms=float(np.median([sum(module.self_ms for module in modules) for modules in own])),
        cumulative_ms=float(np.median([sum(times) for times in outermost])),
    )
