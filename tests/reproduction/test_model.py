"""The user's model is what ``dvc.lock`` says, keeps its gates, and is what both bundles serve.

A stage that breaks a gate, a golden case or the parity ends without a model; here it is held that
the run from nothing came through all of them, with the parameters as they stand in the tree.
"""

import hashlib
import json
from pathlib import Path

from tests.tree import ROOT
from twinserve.config.card import load_card
from twinserve.config.params import load_params
from twinserve.training.evaluation.figures import broken_gates

LOCK, METRICS = Path("dvc.lock"), Path("evaluation/metrics.json")
# Read before any test has reproduced anything.
COMMITTED = {path: (ROOT / path).read_text() for path in (LOCK, METRICS) if (ROOT / path).exists()}
CURE = "run `make repro` and commit what it changes"


def digests(tree: Path) -> dict[str, str]:
    """SHA-256 of models and bundles."""
    return {
        str(path.relative_to(tree)): hashlib.sha256(path.read_bytes()).hexdigest()
        for output in ("models", "dist")
        for path in sorted((tree / output).rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
    }


def test_lock_is_reproduced_and_unchanged(remade: Path) -> None:
    """`dvc.lock` says what this very code, these parameters and this table give."""
    assert (remade / LOCK).read_text() == COMMITTED.get(LOCK), CURE


def test_committed_metrics_are_the_models(remade: Path) -> None:
    """The metrics that a reviewer sees in git are those of a run from nothing."""
    assert (remade / METRICS).read_text() == COMMITTED.get(METRICS), CURE


def test_models_and_bundles_are_the_same_bytes(remade: Path, bundles: Path) -> None:
    """What this tree has made, or has pulled, is what a run from nothing makes."""
    made = digests(remade)
    assert "models/model.json" in made
    assert made == digests(bundles.parent)


def test_gates_hold(remade: Path) -> None:
    """No figure of the held-out rows is on the wrong side of its gate."""
    figures = json.loads((remade / METRICS).read_text())
    assert broken_gates(figures, load_params().evaluation.gates) == []


def test_golden_cases_are_in_the_card(remade: Path) -> None:
    """Those of the parameters, which the contract holds both endpoints to; else one a class."""
    card, params = load_card(remade / "models" / "model.json"), load_params()
    given = [(list(case.features), case.prediction) for case in params.golden]
    held = [(list(case.features), case.prediction) for case in card.golden]
    assert held == given if given else len(held) >= 1


def test_parity_was_proven_on_the_whole_table(remade: Path) -> None:
    """The artifact that is served differs from the estimator by no more than is allowed."""
    card = load_card(remade / "models" / "model.json")
    assert (
        card.parity.table_rows
        == json.loads((remade / "models" / "model.json").read_text())["data"]["rows"]
    )
    assert card.parity.largest_difference <= card.parity.tolerance
