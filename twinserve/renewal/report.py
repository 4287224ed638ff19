"""What a renewal found, from the versions to the figures."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from twinserve.delivery.bundle.pins import Change
from twinserve.measure.statistics import Estimate, Outcome
from twinserve.renewal.fit import Passed
from twinserve.renewal.held import Held
from twinserve.renewal.rows.drift import Drift
from twinserve.renewal.rows.duel import Duel
from twinserve.review.report import ModelChange, ValueChange


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of both bundles, taken in turns.

    Attributes:
        ratio: of times and sizes, new over old; of requests, old over new: above 1 is worse.
    """

    target: str
    name: str
    unit: str
    old: float
    new: float
    ratio: Estimate | None
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Answers:
    """Rows of the table, sent to both bundles as requests.

    Attributes:
        rows: number that were asked.
        of: number in the table.
        differing: number of rows that the two answer otherwise, to the byte.
        first: such a row, and both answers.
    """

    rows: int
    of: int
    differing: int
    first: str | None


@dataclass(frozen=True, slots=True)
class Effect:
    """What the renewal does to what is served."""

    model: ModelChange
    answers: Answers
    metrics: tuple[ValueChange, ...]
    figures: tuple[Figure, ...]
    bundle_bytes: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the page tells.

    Attributes:
        subject: what was renewed, in the words of the commit.
        base: the commit that was renewed.
        notes: further lines.
        duels: of fresh rows, champion and challenger.
        drift: of the rows among them that are new, from either model's table.
    """

    subject: str
    base: str
    changes: tuple[Change, ...]
    held: tuple[Held, ...]
    passed: tuple[Passed, ...]
    fits: int
    effect: Effect
    notes: tuple[str, ...] = ()
    duels: tuple[Duel, ...] = ()
    drift: tuple[Drift, ...] = ()

    @property
    def slower(self) -> tuple[str, ...]:
        """The figures for which the pull request's gate would fail."""
        return tuple(
            f"{figure.target}: {figure.name}"
            for figure in self.effect.figures
            if figure.outcome is Outcome.BROKEN
        )


def write_json(report: Report, path: Path) -> None:
    """Write all of it for programs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(asdict(report), indent=2, default=_members) + "\n", encoding="utf-8")


def _members(value: object) -> object:
    if isinstance(value, ModelChange | ValueChange):
        return value.model_dump()
    raise TypeError(type(value).__name__)
