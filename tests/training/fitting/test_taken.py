"""Where a fit is taken by its hash, its folds, each of which is a fit too, are not fitted again."""

import pytest

from tests.training.project import Project
from twinserve.training import evaluate
from twinserve.training.paths import FOLDS_TAKEN


def test_figures_of_folds_are_taken_and_the_others_made_anew(
    evaluated: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes, and no fit; a gate still judges what the model gives."""

    def fit(*_: object) -> None:
        pytest.fail("a fold was fitted")

    before = evaluated.files()
    monkeypatch.setattr(evaluate, "cross_validated", fit)
    monkeypatch.setenv(FOLDS_TAKEN, "true")
    evaluated.run("evaluate")
    assert evaluated.files() == before
    evaluated.change({"evaluation.gates": {"min_accuracy": 1.0}})
    assert "accuracy" in evaluated.refused("evaluate")
