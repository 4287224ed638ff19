"""Champion and challenger on rows that neither has been trained on, pair by pair."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinserve.config.params import Renewal
from twinserve.config.training import Split
from twinserve.measure.statistics import Estimate, Outcome, estimate_mean, judge_budget
from twinserve.training.prepare import held_out_of
from twinserve.training.table import Table

ALL, NEW = "all", "rows that are new"

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duel:
    """The loss of both models on the same rows.

    Attributes:
        group: which rows: all, those of a class, those that the old table did not have.
        loss: what is counted; less is better.
        champion: its mean.
        difference: the mean of challenger less champion, row by row; None for too few rows.
        outcome: None likewise, and for parts of all rows, which decide nothing.
    """

    group: str
    loss: str
    rows: int
    champion: float
    challenger: float
    difference: Estimate | None
    outcome: Outcome | None


def unseen(old: Table, new: Table, split: Split) -> list[int]:
    """Places of the new table's held-out rows that neither model was trained on, by content."""
    trained = set[Key]()
    for table in (old, new):
        out = held_out_of(table, split)
        trained |= {key for place, key in enumerate(_keys(table)) if place not in out}
    keys = _keys(new)
    return [place for place in sorted(held_out_of(new, split)) if keys[place] not in trained]


def _keys(table: Table) -> list[Key]:
    """Each row's content, label included."""
    return [
        tuple(map(repr, (*row, label))) for row, label in zip(table.rows, table.labels, strict=True)
    ]


def loss_of(rules: Renewal, table: Table) -> str:
    """The loss of a wrong answer: the setting, or what fits the task."""
    usual = "absolute" if table.data.task == "regression" else "wrong"
    return rules.loss or usual


def judge(
    old: Table,
    new: Table,
    places: Sequence[int],
    predictions: tuple[Sequence[float], Sequence[float]],
    rules: Renewal,
) -> tuple[Duel, ...]:
    """All rows, each class, and the rows that are new; the first decides.

    ``predictions`` are the champion's and the challenger's, of these places of the new table.
    """
    kind = loss_of(rules, new)
    losses = [
        tuple(_loss(kind, said, new.labels[place]) for said in pair)
        for place, pair in zip(places, zip(*predictions, strict=True), strict=True)
    ]
    known, keys = set(_keys(old)), _keys(new)
    groups = {ALL: list(range(len(places)))}
    for number, name in enumerate(new.data.classes):
        groups[f"class {name}"] = [
            at for at, place in enumerate(places) if new.labels[place] == number
        ]
    groups[NEW] = [at for at, place in enumerate(places) if keys[place] not in known]
    return tuple(
        _duel(group, kind, [losses[at] for at in chosen], rules)
        for group, chosen in groups.items()
        if chosen or group == ALL
    )


def _loss(kind: str, said: float, label: float) -> float:
    if kind == "wrong":
        return float(said != label)
    return abs(said - label) if kind == "absolute" else (said - label) ** 2


def _duel(group: str, kind: str, losses: Sequence[Sequence[float]], rules: Renewal) -> Duel:
    champion, challenger = ([pair[side] for pair in losses] for side in (0, 1))
    means = [sum(side) / len(side) if side else 0.0 for side in (champion, challenger)]
    difference = outcome = None
    if len(losses) >= rules.min_unseen_rows:
        pairs = zip(champion, challenger, strict=True)
        difference = estimate_mean([new - old for old, new in pairs])
        outcome = judge_budget(difference, rules.margin) if group == ALL else None
    return Duel(group, kind, len(losses), means[0], means[1], difference, outcome)
