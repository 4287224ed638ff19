"""Categories of whole numbers: a request's own numbers are floats, and mean the same."""

from pathlib import Path

from tests.tables.endpoints import project_of
from tests.tables.shapes import cars
from twinserve.config.card import load_card


def test_table_without_golden_cases(tmp_path: Path) -> None:
    """Its rows serve as cases, read as a request is; the card has them as the table wrote them."""
    wanted = [
        {"name": "weight"},
        {"name": "cylinders", "type": "category", "values": [4, 6, 8]},
    ]
    project = project_of(tmp_path / "cars", cars(), {"label": "mpg", "features": wanted})
    project.estimator("sklearn.ensemble.RandomForestRegressor", n_estimators=5)
    project.run("prepare", "train", "evaluate", "export")
    card = load_card(project.root / "models/model.json")
    assert card.runtime == "compiled"
    assert {case.features[1] for case in card.golden} <= {4, 6, 8}
