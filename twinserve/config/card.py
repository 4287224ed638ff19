"""The model card, ``models/model.json``: what everything right of ``models/`` knows of the model.

Standard library only, and named tuples, since a server reads the card before its first answer: the
same four classes as dataclasses cost 3 ms of every cold start.
"""

import json
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from twinserve.config.errors import UserError
from twinserve.config.layout import CARD_NAME

# No card, manifest or list of settings is nearly as long.
_MOST_BYTES = 64 * 2**20


def read_file(path: Path, remedy: str, most: int | None = _MOST_BYTES) -> bytes:
    """The content of a file, whatever stands at its path: nothing is waited for, no device read.

    Raises:
        UserError: no file is there, or one of more than ``most`` bytes; the remedy ends the line.
    """
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UserError(f"{path}: not a file; {remedy}")
            if most is not None and status.st_size > most:
                raise UserError(f"{path}: {status.st_size:,} bytes, far too long; {remedy}")
            return file.read()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UserError(f"{path}: {why}; {remedy}") from None


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe that nobody writes to as well; of a file it changes nothing."""
    return os.open(path, flags | os.O_NONBLOCK)


class Feature(NamedTuple):
    """A value that a request gives: its name, unit, and range in the table.

    The encoded row, which a compiled program takes, is one float64 a feature: a number as it is, a
    boolean 0 or 1, a category its place among ``values`` (-1 if it is none of them), a gap NaN.
    Text stays text. Range and bins are of the encoded values, gaps left out.

    Attributes:
        edges: between the bins that drift is measured in; each belongs to the bin under it.
        shares: of the table's rows in each bin, one more than there are edges; then, where a gap is
            allowed, of the gaps.
        type: number, category, boolean or text.
        missing: whether a gap (null) is allowed.
        values: of a category, in their order: all texts or all whole numbers.
        unknown: whether the estimator takes a category that is none of ``values``.
    """

    name: str
    unit: str
    minimum: float
    maximum: float
    edges: Sequence[float] = ()
    shares: Sequence[float] = (1.0,)
    type: str = "number"
    missing: bool = False
    values: Sequence[str | int] = ()
    unknown: bool = False

    @property
    def plain(self) -> bool:
        """Whether it is a number in each row."""
        return self.type == "number" and not self.missing


class GoldenCase(NamedTuple):
    """A request and its known answer.

    Attributes:
        features: values in the card's order; where a step reads them, any values by name.
        prediction: the class's number, an int; of a regression the model's number, a float.
    """

    features: Any
    prediction: Any


class Parity(NamedTuple):
    """What was proven of the served artifact against the estimator that was trained.

    Attributes:
        table_rows: rows of the table that were compared.
        random_rows: seeded random rows that were compared.
        threshold_rows: rows on, just under and just over thresholds of the estimator's trees, also
            of those behind scalers.
        tolerance: what a probability may differ by; with less than 1e-6, no label may differ.
        largest_difference: of any probability of any class, on any row, rounded up.
        ties: rows on which the estimator's top two classes are equal.
        near_ties: rows on which they differ by no more than 2e-5, ties not counted.
        thresholds: that were compared, of ``thresholds_found``; more than ``thresholds_bound`` are
            sampled, unless it is 0.
        midpoint_rows: rows at and just beside midpoints of neighbouring values of a column.
        midpoints: that were compared, of ``midpoints_found``; of a column with more than
            ``midpoints_bound`` the narrowest gaps and a sample.
    """

    table_rows: int
    random_rows: int
    threshold_rows: int
    tolerance: float
    largest_difference: float
    ties: int
    near_ties: int
    thresholds: int = 0
    thresholds_found: int = 0
    thresholds_bound: int = 0
    midpoint_rows: int = 0
    midpoints: int = 0
    midpoints_found: int = 0
    midpoints_bound: int = 0


class Choice(NamedTuple):
    """How the runtime came to be the one.

    Attributes:
        asked: what ``params.yaml`` asks for: a runtime, or ``auto``.
        passed_over: why each runtime that ``auto`` tried before is not the one.
        platform: what a compiled artifact runs on; empty for one that runs anywhere.
    """

    asked: str
    passed_over: dict[str, str]
    platform: str


class Card(NamedTuple):
    """The whole card.

    Attributes:
        artifacts: SHA-256 of each file that a release is made of, by file name.
        served: the name of the artifact that the runtime loads.
        metrics: figures of the held-out rows and of the cross-validation.
        libraries: versions of what made the artifacts.
        data: the table's path, SHA-256 and number of rows.
        estimator: import path and every argument.
        steps: which of the user's own, ``before`` and ``after``, stand around the model.
        task: classification or regression.
        target: of a regression, what is predicted, with range and bins as a feature has them.
    """

    name: str
    version: str
    runtime: str
    choice: Choice
    served: str
    artifacts: dict[str, str]
    features: list[Feature]
    classes: list[str]
    golden: list[GoldenCase]
    metrics: dict[str, Any]
    parity: Parity
    estimator: dict[str, Any]
    data: dict[str, Any]
    libraries: dict[str, str]
    steps: Sequence[str] = ()
    task: str = "classification"
    target: Feature | None = None

    @property
    def plain(self) -> bool:
        """Whether every feature is a number in each row."""
        return all(feature.plain for feature in self.features)

    @property
    def with_probabilities(self) -> bool:
        """Whether the model tells probabilities of classes: then their loss was taken."""
        return "log_loss" in self.metrics

    @property
    def observed(self) -> list[Feature]:
        """What an instance looks at: the features, and what a regression predicts."""
        return [*self.features, *([] if self.target is None else [self.target])]

    def chosen(self) -> str:
        """The runtime, and why not the ones before it."""
        passed_over = self.choice.passed_over.items()
        return self.runtime + "".join(f", not {name}: {why}" for name, why in passed_over)

    def to_json(self) -> str:
        """The card as it stands in the file: the same bytes for the same card."""
        members = self._asdict()
        members["features"] = [_typed(feature) for feature in self.features]
        members["golden"] = [case._asdict() for case in self.golden]
        members["choice"] = self.choice._asdict()
        members["parity"] = self.parity._asdict()
        members["target"] = None if self.target is None else _typed(self.target)
        for name in OPTIONAL:
            if members[name] == self._field_defaults[name]:
                del members[name]
        return json.dumps(members, indent=2, allow_nan=False) + "\n"


# Members that a card has only where they are not as usual.
OPTIONAL = ("steps", "task", "target")
_TYPED = ("type", "missing", "values", "unknown")


def _typed(feature: Feature) -> dict[str, Any]:
    """A feature's members; those of its type where it is more than a number in each row."""
    members = feature._asdict()
    if feature.plain:
        for name in _TYPED:
            del members[name]
    return members


def parse_card(text: str | bytes, *, source: str = CARD_NAME) -> Card:
    """Read a card from JSON.

    Raises:
        UserError: the text is not a card of this version of the project.
    """
    try:
        raw = json.loads(text)
        raw["features"] = [Feature(**feature) for feature in raw["features"]]
        raw["golden"] = [GoldenCase(**case) for case in raw["golden"]]
        if raw.get("target"):
            raw["target"] = Feature(**raw["target"])
        raw["choice"] = Choice(**raw["choice"])
        raw["parity"] = Parity(**raw["parity"])
        return _checked(Card(**raw))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        why = " ".join(str(error).split())
        msg = f"{source}: not a model card ({why}); make it anew with `dvc repro`"
        raise UserError(msg) from None


def load_card(path: Path) -> Card:
    """Read the card at ``path``.

    Raises:
        UserError: the file is missing or is not a card.
    """
    return parse_card(read_file(path, "make it with `dvc repro`"), source=str(path))


def _checked(card: Card) -> Card:
    """The card, if what a server reads before its first answer is of its kind.

    Raises:
        TypeError: a member is of another kind.
        LookupError: the served artifact is not among the artifacts.
    """
    texts = [card.name, card.version, card.runtime, card.served, *card.classes]
    texts += [feature.name for feature in card.features]
    texts += [*card.artifacts.values(), card.artifacts[card.served]]
    if not all(isinstance(text, str) for text in texts) or not card.features:
        raise TypeError("a name, a version or a digest is not a text")
    return card
