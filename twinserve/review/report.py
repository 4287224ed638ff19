"""The artifact that a pull request's run hands to the job that may write: its shape and limits.

It comes out of code that nobody has reviewed yet. Whatever does not fit is refused whole.
"""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from twinserve.config.errors import UserError
from twinserve.measure.pairs.side_by_side import FigureName
from twinserve.measure.statistics import Estimate, Outcome, judge_budget

LARGEST_BYTES = 256 * 1024
MOST_ROWS = 200

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.:/\[\] -]{0,119}$")]
Text = Annotated[str, Field(max_length=200)]
Count = Annotated[int, Field(ge=0, le=10**12)]
Positive = Annotated[float, Field(gt=0, le=1e12, allow_inf_nan=False)]
Duration = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-1e12, le=1e12, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueChange(_Part):
    """A metric or a parameter that differs, as JSON text; None where it is absent."""

    name: Name
    base: Text | None
    head: Text | None


class ModelChange(_Part):
    """Which artifacts of the model have other bytes, and the version that each side names.

    Attributes:
        base_version: None where the base has no model to compare with.
        artifacts: file names of those that differ, came or went.
    """

    base_version: Text | None
    head_version: Text
    artifacts: Annotated[tuple[Name, ...], Field(max_length=10)]

    @property
    def unnamed(self) -> bool:
        """Whether the model has changed and its version has not."""
        return bool(self.artifacts) and self.base_version == self.head_version


class Ratio(_Part):
    """Head over base, of pairs taken side by side, with its 95% interval."""

    value: Positive
    low: Positive
    high: Positive


class Benchmark(_Part):
    """A micro-benchmark: medians in microseconds, and what the gate says."""

    name: Name
    base_us: Positive
    head_us: Positive
    ratio: Ratio
    outcome: Outcome


class Latency(_Part):
    """A figure of a target in milliseconds, and what the gate says.

    Attributes:
        ratio: None for a figure that only has a budget.
    """

    target: Literal["service", "function"]
    figure: FigureName
    base_ms: Positive
    head_ms: Positive
    ratio: Ratio | None
    outcome: Outcome


class ImportChange(_Part):
    """A package or module that came, went, or takes another time; milliseconds.

    Attributes:
        base_ms: in its own modules; None if it came.
        head_ms: likewise; None if it went.
        weight_ms: what it adds, with everything that came with it.
        importer: the module that asked for what came.
        root: not brought along by something else that came.
    """

    name: Name
    base_ms: Duration | None
    head_ms: Duration | None
    ratio: Ratio | None
    weight_ms: Number
    importer: Name | None
    root: bool


class Imports(_Part):
    """What a target's first prediction imports, and for how long.

    Attributes:
        ratio: of the times of both sides, start by start.
        budget: that the ratio must keep.
        changes: what adds most comes first.
    """

    target: Literal["service", "function"]
    base_modules: Count
    head_modules: Count
    base_ms: Positive
    head_ms: Positive
    ratio: Ratio
    budget: Positive
    changes: Annotated[tuple[ImportChange, ...], Field(max_length=MOST_ROWS)]

    @property
    def outcome(self) -> Outcome:
        """Whether the budget is kept, by the whole interval."""
        return judge_budget(
            Estimate(self.ratio.value, self.ratio.low, self.ratio.high), self.budget
        )


class Sizes(_Part):
    """Bytes of the same thing, on both sides."""

    base: Count
    head: Count


class Reproduction(_Part):
    """What makes the model anew and compares every byte: each pull request and push, or the night.

    Attributes:
        model_sha256: of the pickle, by which GitHub tells when a night last did.
    """

    by: Literal["push", "nightly"]
    model_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Report(_Part):
    """Everything a comment is made of."""

    version: Literal[3]
    allowed_ratio: Positive
    same_version: Literal["say", "refuse"]
    model: ModelChange
    metrics: Annotated[tuple[ValueChange, ...], Field(max_length=MOST_ROWS)]
    params: Annotated[tuple[ValueChange, ...], Field(max_length=MOST_ROWS)]
    benchmarks: Annotated[tuple[Benchmark, ...], Field(max_length=MOST_ROWS)]
    latency: Annotated[tuple[Latency, ...], Field(max_length=MOST_ROWS)]
    imports: Annotated[tuple[Imports, ...], Field(max_length=2)]
    image_bytes: Sizes | None
    bundle_bytes: Sizes
    reproduction: Reproduction | None = None

    @property
    def broken(self) -> tuple[str, ...]:
        """The figures that are slower than allowed, in words."""
        slow = [
            f"{figure.target}: {figure.figure}"
            for figure in self.latency
            if _is_broken(figure.outcome)
        ]
        slow += [figure.name for figure in self.benchmarks if _is_broken(figure.outcome)]
        slow += [
            f"imports of the {figure.target}"
            for figure in self.imports
            if _is_broken(figure.outcome)
        ]
        return tuple(slow)

    @property
    def refused(self) -> bool:
        """Whether the model has changed under an unchanged version, which is not allowed here."""
        return self.same_version == "refuse" and self.model.unnamed


def _is_broken(outcome: Outcome) -> bool:
    return outcome is Outcome.BROKEN


class Unchecked(_Part):
    """What a run leaves that could not read the table: why."""

    unchecked: Annotated[str, Field(max_length=1000)]


def json_schema() -> dict[str, object]:
    """The shape as JSON Schema (2020-12)."""
    return Report.model_json_schema()


def load_untrusted(path: Path) -> Report:
    """Read an artifact, no further than its limit; see ``read_untrusted``.

    Raises:
        UserError: there is no such file, or it is refused.
    """
    return read_untrusted(_content(path))


def load_unchecked(path: Path) -> str | None:
    """Why the run that has left this checked no model; None where it did.

    Raises:
        UserError: there is no such file, or it is too long.
    """
    try:
        return Unchecked.model_validate_json(_content(path)).unchecked
    except ValueError:
        return None


def _content(path: Path) -> bytes:
    # A pipe would never end, and a device neither.
    if path.exists() and not path.is_file():
        raise UserError(f"{path}: the report is no file: refused")
    try:
        with path.open("rb") as file:
            return file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; make it with `review collect`") from None


def read_untrusted(content: bytes) -> Report:
    """Take an artifact at nobody's word.

    Raises:
        UserError: it is too large, is not JSON, or does not fit the schema.
    """
    if len(content) > LARGEST_BYTES:
        raise UserError(f"the bytes of the report are over {LARGEST_BYTES:,}: refused")
    try:
        json.loads(content, parse_constant=_refuse)
        return Report.model_validate_json(content, strict=True)
    except ValidationError as error:
        raise UserError(f"the report does not fit its schema at {_place(error)!r}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"the report is refused: {type(error).__name__}") from None


def _place(error: ValidationError) -> str:
    """Where the first fault is; what was found is a stranger's, unknown members' names too."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    names = first["loc"][:-1] if first["type"] == "extra_forbidden" else first["loc"]
    return "$" + "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in names)


def _refuse(constant: str) -> None:
    raise ValueError(constant)
