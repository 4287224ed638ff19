"""Champion and challenger: on which rows, and what decides."""

from dataclasses import replace

import pytest

from twinserve.config.errors import UserError
from twinserve.config.params import Renewal
from twinserve.config.training import Data, Feature, Split
from twinserve.measure.statistics import Outcome
from twinserve.renewal.rows.duel import ALL, NEW, Duel, judge, unseen
from twinserve.renewal.rows.source import refuse_another_contract
from twinserve.training.prepare import held_out_of
from twinserve.training.table import Table

SPLIT = Split(test_fraction=0.2, seed=42)


def table(rows: range, task: str = "classification") -> Table:
    """A row for each number; of two classes in turns."""
    classes = ["even", "odd"] if task == "classification" else []
    data = Data.model_validate(
        {
            "table": "data/t.csv",
            "label": "label",
            "task": task,
            "classes": classes,
            "features": [{"name": "a"}, {"name": "b"}],
        }
    )
    labels = [float(number % 2) if classes else float(number) for number in rows]
    return Table(
        data=data,
        rows=[[float(number), 0.5] for number in rows],
        sent=[],
        labels=labels,
        lines=list(rows),
        ignored=[],
        unlabelled=0,
        sha256="0",
    )


OLD, FRESH = table(range(300)), table(range(600))


def test_rows_are_unseen_by_content() -> None:
    """Held out of the new table, and in neither one's training rows, wherever they stand."""
    places = unseen(OLD, FRESH, SPLIT)
    held = held_out_of(FRESH, SPLIT)
    assert set(places) < held
    trained = {place for place in range(300) if place not in held_out_of(OLD, SPLIT)}
    assert set(places) == {place for place in held if place not in trained}
    turned = replace(FRESH, rows=FRESH.rows[::-1], labels=FRESH.labels[::-1])
    seen = {FRESH.rows[place][0] for place in trained}
    assert not {turned.rows[place][0] for place in unseen(OLD, turned, SPLIT)} & seen


def test_row_that_stands_twice_is_seen() -> None:
    """Once in the training rows is enough."""
    twice = replace(FRESH, rows=[*FRESH.rows] * 2, labels=FRESH.labels * 2)
    keys = {tuple(row) for row in twice.rows}
    trained = {
        tuple(row) for place, row in enumerate(twice.rows) if place not in held_out_of(twice, SPLIT)
    }
    kept = {tuple(twice.rows[place]) for place in unseen(OLD, twice, SPLIT)}
    assert kept
    assert kept <= keys - trained


def duels(wrong: tuple[int, int], rules: Renewal) -> dict[str, Duel]:
    """Both models on 200 rows, of which the first so many are answered wrong by each."""
    places = list(range(200, 400))
    labels = [FRESH.labels[place] for place in places]
    said = [
        [1 - label if at < count else label for at, label in enumerate(labels)] for count in wrong
    ]
    verdicts = judge(OLD, FRESH, places, (said[0], said[1]), rules)
    return {duel.group: duel for duel in verdicts}


@pytest.mark.parametrize(
    ("wrong", "margin", "outcome"),
    [
        ((40, 10), 0.0, Outcome.KEPT),
        ((10, 10), 0.0, Outcome.KEPT),
        ((10, 12), 0.0, Outcome.WARNING),
        ((10, 40), 0.0, Outcome.BROKEN),
        ((10, 40), 0.3, Outcome.KEPT),
    ],
    ids=["better", "alike", "perhaps worse", "worse", "within the margin"],
)
def test_whole_interval_decides(wrong: tuple[int, int], margin: float, outcome: Outcome) -> None:
    """Of all rows; classes and new rows are shown, and decide nothing."""
    duelled = duels(wrong, Renewal(margin=margin))
    assert duelled[ALL].outcome is outcome
    assert duelled[ALL].champion == wrong[0] / 200
    assert list(duelled) == [ALL, "class even", "class odd", NEW]
    assert [duelled[group].rows for group in duelled] == [200, 100, 100, 100]
    assert {duel.outcome for group, duel in duelled.items() if group != ALL} == {None}


def test_few_rows_decide_nothing() -> None:
    """Fewer than the setting: no verdict."""
    duelled = duels((0, 200), Renewal(min_unseen_rows=201))
    assert (duelled[ALL].difference, duelled[ALL].outcome) == (None, None)
    assert judge(OLD, FRESH, [], ([], []), Renewal())[0].rows == 0


@pytest.mark.parametrize(
    ("loss", "expected"), [(None, 2.0), ("absolute", 2.0), ("squared", 4.0), ("wrong", 1.0)]
)
def test_loss_is_of_the_task_or_as_set(loss: str | None, expected: float) -> None:
    """A regression's is the absolute error."""
    old, fresh = (table(range(size), "regression") for size in (100, 200))
    places = list(range(100, 150))
    right = [float(place) for place in places]
    rules = Renewal.model_validate({"loss": loss})
    verdicts = judge(old, fresh, places, (right, [one + 2 for one in right]), rules)
    assert (verdicts[0].champion, verdicts[0].challenger) == (0, expected)
    assert verdicts[0].outcome is Outcome.BROKEN


@pytest.mark.parametrize(
    ("error", "outcome"), [(0.0, Outcome.KEPT), (0.05, Outcome.KEPT), (0.5, Outcome.BROKEN)]
)
def test_regression_is_judged_on_all_rows_and_on_those_that_are_new(
    error: float, outcome: Outcome
) -> None:
    """It has no classes; the margin is of its loss."""
    old, fresh = (table(range(size), "regression") for size in (300, 600))
    places = list(range(200, 400))
    said = [float(place) for place in places]
    worse = [value + error for value in said]
    found = {
        verdict.group: verdict
        for verdict in judge(old, fresh, places, (said, worse), Renewal(margin=0.1))
    }
    assert list(found) == [ALL, NEW]
    assert (found[ALL].rows, found[NEW].rows) == (200, 100)
    assert found[ALL].outcome is outcome
    assert found[NEW].outcome is None
    assert found[NEW].challenger == pytest.approx(error)


def with_columns(*names: str, kind: str = "number") -> Table:
    features = [Feature.model_validate({"name": name, "type": kind}) for name in names]
    return replace(OLD, data=OLD.data.model_copy(update={"features": features}))


def with_classes(*names: str) -> Table:
    return replace(OLD, data=OLD.data.model_copy(update={"classes": list(names)}))


@pytest.mark.parametrize(
    ("fresh", "told"),
    [
        (with_columns("a"), 'the column "b" is gone: list data.features'),
        (with_columns("a", "b", "c"), 'the column "c" is new, and would be asked of every request'),
        (with_columns("a", "b", kind="text"), 'the column "a" was a number and is a text'),
        (with_classes("even"), 'the class "odd" is gone: list data.classes'),
        (with_classes("even", "odd", "none"), 'the class "none" is new: add it at the end'),
        (table(range(300), "regression"), "the label makes this a regression"),
    ],
    ids=["column gone", "column new", "other type", "class gone", "class new", "other task"],
)
def test_another_contract_is_refused_with_what_to_edit(fresh: Table, told: str) -> None:
    """Never taken in silence."""
    with pytest.raises(UserError, match=told):
        refuse_another_contract(OLD, fresh)


def test_more_rows_of_the_same_kind_are_the_same_contract() -> None:
    """Nothing is refused."""
    refuse_another_contract(OLD, FRESH)
