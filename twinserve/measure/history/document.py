"""A measurement as it is kept: one JSON document, without the thousands of raw latencies.

``docs/schema/measurement.json`` is its JSON Schema, made from these types.
"""

import json
from pathlib import Path
from typing import Annotated, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from twinserve.config.errors import UserError
from twinserve.measure.cold.proof import Part
from twinserve.measure.machine.host import Machine
from twinserve.measure.pages.files import rounded
from twinserve.measure.run.report import MeasurementReport
from twinserve.measure.run.results import (
    Discarded,
    Place,
    Plan,
    Results,
    TargetResult,
    Throughput,
    Verdict,
)
from twinserve.measure.statistics import Estimate

SCHEMA = Path("docs/schema/measurement.json")
SHORT = 12

Parsed = TypeVar("Parsed", bound=BaseModel)

Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


class Document(Protocol):
    """What a history keeps: a line of JSON under a name in the order of time."""

    @property
    def taken_at(self) -> str: ...

    @property
    def name(self) -> str: ...

    def to_line(self) -> str:
        """JSON in one line."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ColdFigures(_Part):
    """Proven cold starts in milliseconds: median, its parts, every sample, what was discarded."""

    median_ms: Estimate
    parts: tuple[Part, ...]
    samples_ms: tuple[float, ...]
    discarded: tuple[Discarded, ...]


class WarmFigures(_Part):
    """Latency at a fixed rate in milliseconds, of so many requests; the client's own delay."""

    p50_ms: Estimate
    p90_ms: Estimate
    p99_ms: Estimate
    requests: int
    errors: int
    client_late_p99_ms: float


class TargetFigures(_Part):
    """One target: what it served, what was measured, and its verdicts beside their budgets."""

    name: Name
    bundle: Name | None
    image: Name | None
    cold: ColdFigures
    warm: WarmFigures
    throughput: tuple[Throughput, ...]
    memory_bytes: int | None
    verdicts: tuple[Verdict, ...]


class Measurement(_Part):
    """One measurement; ``format`` is raised when a reader would have to change."""

    format: Literal[1] = 1
    taken_at: Moment
    place: Place
    commit: Name
    release: Name | None
    model: Name
    version: Name
    plan: Plan
    machine: Machine
    load_before: float | None
    load_after: float | None
    targets: Annotated[tuple[TargetFigures, ...], Field(min_length=1)]

    @property
    def name(self) -> str:
        """Of its file, in the order of time: moment, commit, place."""
        return name_of(self.taken_at, self.commit, self.place)

    def to_line(self) -> str:
        """JSON in one line."""
        return kept_line(self)


def name_of(taken_at: str, commit: str, of: str) -> str:
    """The name of a document's file."""
    moment = taken_at[:19].replace("-", "").replace(":", "")
    short = "".join(character for character in commit[:SHORT] if character.isalnum())
    return f"{moment}Z-{short or 'unknown'}-{of}"


def measurement_of(results: Results) -> Measurement:
    """The document of a measurement."""
    conditions, origin = results.conditions, results.subject.origin
    bundles, images = dict(results.subject.bundles), dict(origin.images)
    return Measurement(
        taken_at=conditions.taken_at,
        place=origin.place,
        commit=origin.commit,
        release=origin.release,
        model=results.subject.model,
        version=results.subject.version,
        plan=results.plan,
        machine=conditions.machine,
        load_before=conditions.load_before,
        load_after=conditions.load_after,
        targets=tuple(
            _figures(target, bundles.get(target.name), images.get(target.name))
            for target in results.targets
        ),
    )


def _figures(target: TargetResult, bundle: str | None, image: str | None) -> TargetFigures:
    cold, warm = target.cold, target.warm
    return TargetFigures(
        name=target.name,
        bundle=bundle or None,
        image=image or None,
        cold=ColdFigures(
            median_ms=cold.total_ms,
            parts=cold.parts,
            samples_ms=tuple(sample.total_ms for sample in cold.samples),
            discarded=cold.discarded,
        ),
        warm=WarmFigures(
            p50_ms=warm.p50_ms,
            p90_ms=warm.p90_ms,
            p99_ms=warm.p99_ms,
            requests=len(warm.latencies_ms),
            errors=warm.errors,
            client_late_p99_ms=warm.client_late_p99_ms,
        ),
        throughput=target.throughput,
        memory_bytes=target.memory_bytes,
        verdicts=target.verdicts,
    )


def read_report(path: Path) -> Measurement:
    """The document of the measurement whose ``report.json`` this is.

    Raises:
        UserError: as of ``read_results``.
    """
    return measurement_of(read_results(path))


def read_results(path: Path, cure: str = "measure first") -> Results:
    """What a ``report.json`` holds; ``cure`` is told where it is none.

    Raises:
        UserError: there is none, or it is another command's or another version's.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; {cure}") from None
    try:
        return TypeAdapter(MeasurementReport).validate_json(content).results
    except ValidationError as error:
        raise UserError(f"{path} is not a report: {first_of(error)}; {cure}") from None


def read_line(line: str, where: str) -> Measurement:
    """A document that was kept.

    Raises:
        UserError: it does not fit; the message says where it is and what is wrong.
    """
    return parse_kept(Measurement, "measurement", line, where)


def parse_kept(kind: type[Parsed], noun: str, line: str, where: str) -> Parsed:
    """A document of this kind that was kept.

    Raises:
        UserError: it does not fit; the message says where it is and what is wrong.
    """
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        raise UserError(f"{where} holds what is no {noun}: {first_of(error)}") from None


def kept_line(document: BaseModel) -> str:
    """A document as it is kept: JSON in one line."""
    return json.dumps(rounded(document.model_dump(mode="json")), allow_nan=False) + "\n"


def json_schema() -> str:
    """The types as JSON Schema (2020-12)."""
    schema = Measurement.model_json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2) + "\n"


def first_of(error: ValidationError) -> str:
    """The first thing that does not fit."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc']) or 'the document'}: {first['msg']}"
