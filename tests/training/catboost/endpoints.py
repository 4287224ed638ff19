"""CatBoost on both targets, by each runtime, from the locks of its own."""

from pathlib import Path

import pytest

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import penguins
from tests.tables.test_tables import as_pandas_reads


@pytest.mark.parametrize("runtime", ["compiled", "onnx", "joblib"])
def test_both_endpoints_answer_as_the_library(tmp_path: Path, runtime: str) -> None:
    """The function too, whose server forks: no pool of threads may be there before it does."""
    header, rows = penguins()
    for row in rows:
        row[-1] = row[-1] or "FEMALE"
    data: dict[str, object] = {"label": "species", "missing_values": ["NA"]}
    project = project_of(tmp_path / "p", (header, rows), data, **{"serving.runtime": runtime})
    project.estimator("catboost.CatBoostClassifier", n_estimators=10)
    with served(project) as twins:
        frame, sent = as_pandas_reads(project.root, "species", "NA")
        expected = twins.estimator().predict(frame).ravel().tolist()
        assert [expected, expected] == twins.answers(sent)
        assert twins.contract().failed == 0
