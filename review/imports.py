"""What each target imports before its first prediction: every cold start pays for it."""

import json
import re
import tempfile
import urllib.request
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Literal

from config.card import load_card
from config.layout import CARD_NAME
from review.report import Imports
from targets.local import local_function, local_service
from targets.ready import wait_until_answering

TargetName = Literal["service", "function"]
TARGETS: tuple[TargetName, ...] = ("service", "function")
IMPORTED = re.compile(rb"^import time:\s+\d+ \|\s+\d+ \|\s*(\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Imported:
    """Modules by name, and which packages of the target's environment they belong to."""

    modules: frozenset[str]
    packages: frozenset[str]


def compare_imports(base: Path, head: Path) -> tuple[Imports, ...]:
    """Start both bundles of both trees.

    Raises:
        UserError: a bundle cannot be started.
    """
    return tuple(_compare(target, base, head) for target in TARGETS)


def _compare(target: Literal["service", "function"], base: Path, head: Path) -> Imports:
    old, new = (first_prediction(target, tree / "dist" / target) for tree in (base, head))
    return Imports(
        target=target,
        base_modules=len(old.modules),
        head_modules=len(new.modules),
        added=tuple(sorted(new.packages - old.packages)),
        removed=tuple(sorted(old.packages - new.packages)),
    )


def first_prediction(target: Literal["service", "function"], bundle: Path) -> Imported:
    """Start the bundle, ask for one prediction, and see what was imported by then.

    Raises:
        UserError: it cannot be started, or ends by itself.
    """
    make = local_service if target == "service" else local_function
    with tempfile.TemporaryFile() as output:
        process = make(bundle, output=output)
        watched = {**process.environment, "PYTHONPROFILEIMPORTTIME": "1"}
        packages = next((Path(process.command[0]).parent.parent / "lib").glob("*/site-packages"))
        case = load_card(bundle / CARD_NAME).golden[0]
        body = json.dumps({"features": case.features}).encode()
        with replace(process, environment=watched).start() as endpoint:
            wait_until_answering(endpoint)
            request = urllib.request.Request(  # noqa: S310 - a loopback URL of our own
                endpoint.predict_url, data=body, headers={"Content-Type": "application/json"}
            )
            urllib.request.urlopen(request).close()  # noqa: S310 - likewise
        return _read(output, packages)


def _read(output: IO[bytes], packages: Path) -> Imported:
    output.seek(0)
    modules = frozenset(name.decode() for name in IMPORTED.findall(output.read()))
    tops = {name.partition(".")[0] for name in modules}
    ours = (top for top in tops if (packages / top).is_dir() or (packages / f"{top}.py").exists())
    return Imported(modules, frozenset(ours))
