"""Tables that packages ship, from the file to both endpoints, held against scikit-learn."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from benchmarks.studies.adoption.known import TABLES
from benchmarks.studies.adoption.page import markdown
from benchmarks.studies.adoption.run import Adopted, adopted
from tests.tables.endpoints import Twins, project_of, served
from tests.tables.shapes import cars
from twinserve.commands import run_command
from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.measure.machine.conditions import begin_measurement


def frame_of(path: Path, card: Card) -> pd.DataFrame:
    """The features of the file by pandas alone, of the kinds that the card names."""
    read = pd.read_csv(
        path, dtype=str, keep_default_na=False, na_values=[""], skipinitialspace=True
    )
    columns: dict[str, Any] = {}
    for feature in card.features:
        cells = read[feature.name].str.strip()
        if feature.type == "category":
            values = list(feature.values)
            columns[feature.name] = pd.Categorical(cells, categories=values)
        else:
            columns[feature.name] = pd.to_numeric(cells, errors="coerce")
    return pd.DataFrame(columns)


def rows_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Each row as a request sends it."""
    return [
        {
            str(name): None if pd.isna(value) else value.item() if hasattr(value, "item") else value
            for name, value in row.items()
        }
        for row in frame.astype(object).to_dict("records")
    ]


def assert_as_the_estimator(twins: Twins, table: Path) -> None:
    """Each row of the table has one answer, on both endpoints."""
    frame = frame_of(table, twins.card())
    names = hasattr(twins.estimator(), "feature_names_in_")
    expected = twins.estimator().predict(frame if names else frame.to_numpy()).tolist()
    assert twins.answers(rows_of(frame)) == [expected, expected]


@pytest.mark.nightly
@pytest.mark.parametrize("name", TABLES)
def test_known_table_is_served_as_scikit_learn_answers(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Adopted with no edit, all rows on both endpoints, and the contract holds."""
    project = project_of(tmp_path / "project", cars(), {"label": "mpg"})
    table = tmp_path / f"{name}.csv"
    TABLES[name].write(table)
    with monkeypatch.context() as patched:
        patched.chdir(project.root)
        run_command("adopt", [str(table), "--label", TABLES[name].label])
    with served(project) as twins:
        assert_as_the_estimator(twins, table)
        assert twins.contract().failed == 0


@pytest.mark.nightly
def test_time_from_the_file_to_both_endpoints_is_taken() -> None:
    """In a copy of the tree, by the commands that a user gives, until the contract is kept."""
    (one,) = adopted(["diabetes"])
    assert (one.name, one.rows, one.columns, one.runtime) == ("diabetes", 442, 10, "compiled")
    assert one.adopt_s > 0
    assert one.served_s > 0


def test_table_that_is_not_known_is_told() -> None:
    """Before anything is copied."""
    with pytest.raises(UserError, match="found 'boston', expected one of: penguins, titanic, cars"):
        next(adopted(["boston"]))


def test_times_stand_in_a_row_a_table() -> None:
    """With what the table holds, and what the machine did meanwhile."""
    end = begin_measurement()
    text = markdown([Adopted("cars", 392, 7, 0.61, 21.4, "compiled")], end())
    assert "| cars: 392 rows, 7 columns; a number, names | compiled | 0.6 s | 21 s |" in text
    assert "load average" in text
