"""The facts of the comparison of both targets: measured, counted, read; kept in one file.

``docs/data/comparison.json`` holds it, so that the page can be made anew, and held to its sources,
where nothing has been measured.
"""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from twinserve.config.card import Card, load_card
from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME, REQUIREMENTS_NAME
from twinserve.delivery.bundle.assembly import DIST, TARGETS, read_bundle_hash
from twinserve.delivery.bundle.manifest import read_manifest
from twinserve.delivery.bundle.verify import requirements
from twinserve.delivery.image.build import base_image
from twinserve.measure.history.document import read_results
from twinserve.measure.machine.disk import size_bytes
from twinserve.measure.run.results import TargetResult
from twinserve.measure.statistics import Estimate
from twinserve.targets.environment import ensure_environment

SNAPSHOT = Path("docs/data/comparison.json")
REPORT = Path("reports/report.json")
# What `twinserve build --json` prints; without it the image's size is not told.
IMAGE = Path("reports/image.json")


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Level(_Fact):
    """Requests answered a second over so many connections."""

    connections: int
    per_second: Estimate


class Side(_Fact):
    """A target.

    Attributes:
        packages: distributions that its bundle locks, by name.
        environment_bytes: of these, installed.
        image_bytes: of what its image adds to its base, uncompressed; None if not known here.
    """

    name: str
    cold_ms: Estimate
    warm_p50_ms: Estimate
    warm_p99_ms: Estimate
    throughput: tuple[Level, ...]
    memory_bytes: int | None
    bundle_files: int
    bundle_bytes: int
    packages: dict[str, str]
    environment_bytes: int
    image_bytes: int | None

    def at(self, concurrency: int) -> Level:
        """The most connections that were measured, up to what an instance is given at once."""
        within = [level for level in self.throughput if level.connections <= concurrency]
        return max(within or self.throughput[:1], key=lambda level: level.connections)


class Facts(_Fact):
    """Inputs of the comparison page.

    Attributes:
        taken_at: of the measurement, UTC, ISO 8601.
        warm_rate: requests a second, of the warm percentiles.
        base_image: of the service's image, as its Dockerfile names it.
    """

    taken_at: str
    machine: str
    warm_rate: float
    model: str
    version: str
    estimator: str
    runtime: str
    served: str
    served_bytes: int
    served_sha256: str
    bundle: str
    base_image: str
    sides: tuple[Side, Side]


def load(path: Path = SNAPSHOT) -> Facts:
    """Read them.

    Raises:
        UserError: the file is missing or of another form.
    """
    try:
        return Facts.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is of another form"
        raise UserError(f"{path}: {why}; take the facts anew with `--take`") from None


def save(facts: Facts, path: Path = SNAPSHOT) -> None:
    """Write them, the same bytes for the same facts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(facts.model_dump_json(indent=2) + "\n", encoding="utf-8")


def take() -> Facts:
    """From the last measurement of this machine, the model card and the bundles.

    Raises:
        UserError: one of them is missing, or the measurement is of other bundles.
    """
    card, bundle = load_card(DIST / TARGETS[0] / CARD_NAME), read_bundle_hash(DIST / TARGETS[0])
    results = read_results(REPORT, "measure with `make run`")
    measured = {target.name: target for target in results.targets}
    bundles = dict(results.subject.bundles)
    if bundles != dict.fromkeys(TARGETS, bundle) or measured.keys() != bundles.keys():
        raise UserError(f"{REPORT} is of other bundles than {DIST}'s; measure with `make run`")
    machine = results.conditions.machine
    try:
        return Facts(
            taken_at=results.conditions.taken_at,
            machine=f"{machine}, Python {machine.python}",
            warm_rate=results.plan.warm_rate,
            bundle=bundle,
            base_image=base_image(DIST / TARGETS[0]),
            **_of_card(card),
            sides=(_side(measured[TARGETS[0]]), _side(measured[TARGETS[1]])),
        )
    except OSError as error:
        raise UserError(f"{error.filename}: {error.strerror}; make it with `make run`") from None


def _of_card(card: Card) -> dict[str, Any]:
    served = DIST / TARGETS[0] / card.served
    return {
        "model": card.name,
        "version": card.version,
        "estimator": str(card.estimator["import_path"]),
        "runtime": card.runtime,
        "served": card.served,
        "served_bytes": served.stat().st_size,
        "served_sha256": card.artifacts[card.served],
    }


def _side(measured: TargetResult) -> Side:
    name, bundle = measured.name, DIST / measured.name
    manifest = read_manifest(bundle)
    locked = bundle / REQUIREMENTS_NAME
    return Side(
        name=name,
        cold_ms=measured.cold.total_ms,
        warm_p50_ms=measured.warm.p50_ms,
        warm_p99_ms=measured.warm.p99_ms,
        throughput=tuple(
            Level(connections=level.connections, per_second=level.per_second)
            for level in measured.throughput
        ),
        memory_bytes=measured.memory_bytes,
        bundle_files=len(manifest.files),
        bundle_bytes=sum((bundle / file).stat().st_size for file in manifest.files),
        packages=_packages(locked.read_text(encoding="utf-8")),
        environment_bytes=size_bytes(ensure_environment(locked).parent.parent),
        image_bytes=_image_bytes(manifest.bundle) if name == TARGETS[0] else None,
    )


def _packages(locked: str) -> dict[str, str]:
    pins = (re.match(r"([\w.-]+)(?:\[.*?\])?==([^\s;]+)", line) for line in requirements(locked))
    return {pin[1]: pin[2] for pin in pins if pin}


def _image_bytes(bundle: str) -> int | None:
    """The image's size, if it holds the bundle with this hash."""
    if not IMAGE.exists():
        return None
    try:
        built = json.loads(IMAGE.read_text(encoding="utf-8"))
        return int(built["own_bytes"]) if built["bundle"] == bundle else None
    except (ValueError, LookupError, TypeError):
        raise UserError(f"{IMAGE}: not what `twinserve build --json` prints; remove it") from None
