"""XGBoost and LightGBM served themselves, each from the lock of its own, on both targets."""

from pathlib import Path
from typing import Any

import pytest

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import penguins
from tests.tables.test_tables import as_pandas_reads

ARGUMENTS: dict[str, dict[str, Any]] = {
    "xgboost.XGBClassifier": {"n_estimators": 10},
    "lightgbm.LGBMClassifier": {"n_estimators": 10, "verbose": -1},
}


@pytest.mark.parametrize("import_path", ARGUMENTS)
def test_both_endpoints_answer_as_the_library(tmp_path: Path, import_path: str) -> None:
    """The function too, whose server forks: no pool of threads may be there before it does."""
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    runtime = {"serving.runtime": "joblib"}
    project = project_of(tmp_path / "penguins", penguins(), data, **runtime)
    project.estimator(import_path, **ARGUMENTS[import_path])
    with served(project) as twins:
        _, sent = as_pandas_reads(project.root, "species", "NA")
        one, other = twins.answers(sent)
        assert one == other
        assert set(one) == {0, 1, 2}
        assert twins.contract().failed == 0
