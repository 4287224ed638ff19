"""``data.step`` with columns and features of any type, and with a number to predict."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.own_modules import forget
from tests.tables.shapes import as_csv, cars, penguins
from tests.tables.stepped import GIVEN, STEPS
from tests.training.project import Project

pytestmark = pytest.mark.usefixtures("own_modules_anew")


def begin(
    project: Project,
    table: str,
    steps: str,
    data: Mapping[str, object],
    estimator: str = "sklearn.ensemble.RandomForestClassifier",
) -> Project:
    (project.root / "data/other.csv").write_text(table)
    (project.root / "custom").mkdir()
    (project.root / "custom/steps.py").write_text(steps)
    step = "custom.steps.before"
    project.change(
        {
            "data": {"table": "data/other.csv", "step": step, **data},
            "golden": [],
            "evaluation.gates": {},
        }
    )
    project.estimator(estimator, n_estimators=5)
    return project


@pytest.fixture
def typed(project: Project) -> Project:
    """Penguins whose features a step makes of texts and gaps."""
    data = {"label": "species", "missing_values": ["NA"], "features": GIVEN}
    return begin(project, as_csv(penguins()), STEPS, data)


def rows(path: Path) -> list[list[str]]:
    with path.open(newline="") as file:
        return list(csv.reader(file))


def test_features_of_any_type_are_what_the_step_gives(typed: Project) -> None:
    """Encoded by the types in `data.features`; a gap of the table is what no request gives."""
    typed.run("prepare")
    header, *found = rows(typed.root / "data/prepared/train.csv")
    _, *held = rows(typed.root / "data/prepared/test.csv")
    assert header == ["island", "bill", "heavy", "female", "species"]
    expected = []
    for cells in penguins()[1]:
        species, island, bill, _, mass, sex = ["" if cell == "NA" else cell for cell in cells]
        place = ["Biscoe", "Dream", "Torgersen"].index(island)
        heavy = "" if mass == "" else repr(float(float(mass) > 4500))
        label = str(["Adelie", "Chinstrap", "Gentoo"].index(species))
        length = bill and repr(float(bill))
        expected.append([repr(float(place)), length, heavy, repr(float(sex == "FEMALE")), label])
    assert sorted(found + held) == sorted(expected)
    assert any(row[1] == "" for row in expected)


def test_served_model_is_asked_by_the_names_of_the_table(
    typed: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Golden cases are rows of the table as requests, and each row is proven to be one."""
    typed.run("prepare", "train", "evaluate", "export")
    card = json.loads((typed.root / "models/model.json").read_text())
    assert len(card["golden"]) == 3
    names = {"island", "bill_length_mm", "body_mass_g", "sex"}
    assert all(case["features"].keys() <= names for case in card["golden"])
    assert card["golden"][0]["features"]["island"] in {"Biscoe", "Dream", "Torgersen"}
    assert [feature["name"] for feature in card["features"]] == [
        "island",
        "bill",
        "heavy",
        "female",
    ]
    assert "data.step makes of 240 requests what was trained on" in capsys.readouterr().out


def test_step_without_types_takes_the_features_of_the_table(project: Project) -> None:
    """Read by the types of `data.features`, each as a request's value; a regression as well."""
    steps = """
def before(row):
    assert isinstance(row["cylinders"], float)
    assert row["origin"] in {"usa", "europe", "japan"}
    power = row.get("horsepower")
    return {**row, "horsepower": None if power is None else power / 100}
"""
    features = [
        {"name": "cylinders", "type": "category", "values": [4, 6, 8]},
        {"name": "horsepower", "missing": True},
        {"name": "origin", "type": "category", "values": ["europe", "japan", "usa"]},
    ]
    data = {"label": "mpg", "missing_values": ["?"], "features": features}
    estimator = "sklearn.ensemble.RandomForestRegressor"
    begin(project, as_csv(cars()), steps, data, estimator)
    project.run("prepare", "train", "evaluate", "export")
    card = json.loads((project.root / "models/model.json").read_text())
    assert card["task"] == "regression"
    assert card["features"][1]["maximum"] < 5
    asked = [case["features"] for case in card["golden"]]
    assert all(one["cylinders"] in {4, 6, 8} for one in asked)
    assert max(one.get("horsepower", 0) for one in asked) > 5


def test_category_that_the_features_do_not_know_is_refused_with_its_row(typed: Project) -> None:
    """As a request with it would be."""
    path = typed.root / "data/other.csv"
    lines = path.read_text().splitlines()
    lines[4] = "Adelie,Coulman,39.1,181,3750,MALE"
    path.write_text("\n".join(lines))
    line = typed.refused("prepare")
    assert line.startswith("data/other.csv: row 5: data.step: before() of custom/steps.py: Problem")
    assert '"coulman"' in line


@pytest.mark.parametrize(
    ("features", "line"),
    [
        ([], "features: with step, expected what custom.steps.before gives"),
        ([{"name": "island", "type": "category"}], "island: with step, a category has its values"),
    ],
)
def test_features_that_no_column_tells_must_be_given(
    typed: Project, features: list[object], line: str
) -> None:
    """No column of the table holds what the step gives."""
    typed.change({"data.features": features})
    assert line in typed.refused("prepare")


def test_request_of_another_meaning_stops_the_export(typed: Project) -> None:
    """A gap, too, must become what it became for training."""
    typed.run("prepare", "train", "evaluate")
    path = typed.root / "custom/steps.py"
    path.write_text(path.read_text().replace("None if mass is None else mass", "(mass or 0)"))
    forget()
    assert "was trained on" in typed.refused("export")
