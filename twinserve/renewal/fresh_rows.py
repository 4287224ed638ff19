"""New rows, brought in where the model that they make is not worse on rows that are new to both."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.delivery.worktree import reproduce, run_in
from twinserve.measure.history.challenge import Challenge
from twinserve.measure.statistics import Outcome
from twinserve.renewal.effect import ask_both, card_of
from twinserve.renewal.fit import fit
from twinserve.renewal.packages import OUTPUTS, Brought
from twinserve.renewal.rows.drift import Drift, drift_of
from twinserve.renewal.rows.duel import ALL, Duel, judge, new_places, unseen
from twinserve.renewal.rows.source import (
    fetch_table,
    refuse_another_contract,
    table_of,
    update_table,
)
from twinserve.renewal.trees import REPORTS, Concluded, Trees, Words, conclude
from twinserve.targets.git import Checkout
from twinserve.training.served.golden import requests_of
from twinserve.training.table import Table


def bring_rows(trees: Trees, *, engine: bool, rounds: int | None) -> Concluded:
    """Update the table, run every check, and let both models compete; what came of it.

    Raises:
        UserError: the table or what is made of it is refused, or its contract would be another.
    """
    base, new, log = trees.base.directory, trees.new.directory, REPORTS / "data.log"
    for tree in (base, new):
        run_in(tree, [sys.executable, "-m", "dvc", "checkout", "--quiet", *OUTPUTS])
    source = update_table(new, sys.executable, log)
    if source is None:
        return Concluded("no row is new: the table's source is as it was")
    print(f"fresh rows from {source}", flush=True)
    fetch_table(base)
    tables = table_of(base), table_of(new)
    refuse_another_contract(*tables)
    passed = fit(new, log, outputs=OUTPUTS, engine=engine)
    reproduce(base, sys.executable, OUTPUTS)
    duels = _compete(base, new, *tables)
    if duels[0].outcome is Outcome.BROKEN:
        line = f"the rows do not come in: {_said(duels[0])}"
        return Concluded(line, challenge=_challenge(trees.base, duels[0]))
    count = len(tables[1].rows) - len(tables[0].rows)
    words = Words(
        subject=f"Renew the table: {len(tables[1].rows):,} rows ({count:+,})",
        notes=(_note(duels[0]),),
        duels=duels,
        drift=_drift(base, new, *tables),
    )
    return conclude(trees, Brought((), (), passed, 1), rounds, words)


def _compete(base: Path, new: Path, old: Table, fresh: Table) -> tuple[Duel, ...]:
    params = load_params()
    places = unseen(old, fresh, params.split)
    requests = requests_of(fresh, card_of(new), places)
    champion, challenger = (
        [_prediction(answer) for answer in answers] for answers in ask_both(base, new, requests)
    )
    return judge(old, fresh, places, (champion, challenger), params.renewal)


def _drift(base: Path, new: Path, old: Table, fresh: Table) -> tuple[Drift, ...]:
    rows = [fresh.rows[place] for place in new_places(old, fresh)]
    return drift_of(rows, card_of(base).features, card_of(new).features)


def _prediction(answer: str) -> float:
    """What was predicted.

    Raises:
        UserError: the row was refused.
    """
    try:
        return float(json.loads(answer)["prediction"])
    except ValueError:
        raise UserError(f"a held-out row of the new table is no request: {answer}") from None


def _challenge(base: Checkout, duel: Duel) -> Challenge:
    """What the page of history tells of a challenger that was worse."""
    model = load_params().model
    return Challenge.taken(
        datetime.now(UTC),
        commit=base.ask("rev-parse", "HEAD"),
        model=model.name,
        version=model.version,
        loss=duel.loss,
        rows=duel.rows,
        champion=duel.champion,
        challenger=duel.challenger,
        difference=duel.difference,
    )


def _note(duel: Duel) -> str:
    if duel.difference is None:
        return (
            f"No verdict: {duel.rows} rows are new to both models, and fewer than "
            "`renewal.min_unseen_rows` say nothing."
        )
    return f"{'Perhaps worse' if duel.outcome is Outcome.WARNING else 'Not worse'}: {_said(duel)}."


def _said(duel: Duel) -> str:
    assert duel.group == ALL and duel.difference is not None  # noqa: S101, PT018 - the caller asks for it
    low, high = duel.difference.low, duel.difference.high
    return (
        f"on {duel.rows:,} rows that neither model was trained on, the new one's mean loss "
        f"({duel.loss}) is {duel.challenger:.4g}, the old one's {duel.champion:.4g}; the "
        f"difference is {duel.difference.value:+.4g} ({low:+.4g} to {high:+.4g})"
    )
