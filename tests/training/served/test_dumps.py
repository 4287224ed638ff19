"""What two libraries wrote of small boosters, read without either: ``boosting.py`` has the rest.

Both were trained on the typed table of ``asked.py`` with four trees each, by LightGBM 4.7 and
XGBoost 3.2, and have gaps, default directions and splits by category.
"""

import json
import platform
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.training.served.asked import FEATURES
from tests.training.served.test_compilation import fitting
from twinserve.inference.runtimes import compiled
from twinserve.training.served.columns import request_columns
from twinserve.training.served.compilation import compile_object
from twinserve.training.served.ensemble import Ensemble
from twinserve.training.served.program import Program
from twinserve.training.served.source import write_source
from twinserve.training.served.trees import lightgbm, xgboost

DUMPS = Path(__file__).with_name("dumps")
ANSWERS: dict[str, Any] = json.loads((DUMPS / "answers.json").read_text())


def read(library: str, monkeypatch: pytest.MonkeyPatch) -> Ensemble:
    """The trees of a dump."""
    text = (DUMPS / f"{library}.txt").read_text()
    if library == "lightgbm":
        booster: Any = SimpleNamespace(model_to_string=lambda **_: text)
        fitted = SimpleNamespace(best_iteration_=0, booster_=booster, n_features_in_=len(FEATURES))
        return lightgbm.read_lightgbm(fitted)
    # The library itself is asked for what its sums begin with.
    initial = np.array(ANSWERS[library]["initial"])
    monkeypatch.setattr(xgboost, "_initial", lambda *_: initial)
    booster = SimpleNamespace(save_raw=lambda _: text.encode())
    fitted = SimpleNamespace(
        get_booster=lambda: booster,
        _get_iteration_range=lambda _: (0, 0),
        n_features_in_=len(FEATURES),
    )
    return xgboost.read_xgboost(fitted)


@pytest.mark.parametrize("library", ["lightgbm", "xgboost"])
def test_dump_gives_the_very_sums(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer that the library gave, to the last bit."""
    width = len(FEATURES)
    columns = request_columns(width)
    ensemble = read(library, monkeypatch)
    assert ensemble.sets
    program = Program(width, columns, ensemble)
    model = compiled.load(
        compile_object(write_source(program), platform.machine()), fitting(width, 0)
    )
    rows = [[np.nan if cell is None else cell for cell in row] for row in ANSWERS["rows"]]
    probabilities, _ = model.scores(rows)
    assert probabilities == ANSWERS[library]["expected"]


def test_what_is_nearly_zero_is_zero_to_lightgbm() -> None:
    """A threshold beside 0 has all that is read as 0 on one side of it."""
    nearly = float(np.float32(1e-35))
    threshold = lightgbm.beside_zero(np.array([-nearly, -1e-36, 0.0, nearly, -1.0, 2e-35]))
    rows = np.array([-nearly, -1e-36, 0.0, 1e-36, nearly])
    left = rows[:, None] <= threshold
    assert (left == [[False, False, True, True, False, True]]).all()
    assert (np.array([-1.0000001e-35]) <= threshold[:2]).all()
