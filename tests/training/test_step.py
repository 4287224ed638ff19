"""``data.step``: rows to train on are made by the step that requests go through."""

import csv
import json

import pytest

from tests.own_modules import forget
from tests.training.project import Project

pytestmark = pytest.mark.usefixtures("own_modules_anew")

STEPS = """
from typing import NotRequired, TypedDict


class Row(TypedDict):
    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float
    site: str
    picked: int
    wet: NotRequired[bool]


def before(row: Row):
    assert isinstance(row.pop("picked"), int)
    if row.pop("site") == "sea":
        raise ValueError("no flower grows there")
    grown = 1.5 if row.pop("wet", False) else 1.0
    return {name: inches * 2.54 * grown for name, inches in row.items()}
"""
FEATURES = ("sepal_length", "sepal_width", "petal_length", "petal_width")


def table_of(project: Project) -> list[dict[str, str]]:
    with (project.root / "data/iris.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def write_table(project: Project, rows: list[dict[str, str]]) -> None:
    with (project.root / "data/iris.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture
def inches(project: Project) -> Project:
    """Iris in inches, with columns that the model does not read, and the step that turns them."""
    rows = []
    for number, row in enumerate(table_of(project)):
        turned = {name: repr(float(row[name]) / 2.54) for name in FEATURES}
        more = {"site": "A", "picked": str(number), "wet": ("true", "")[number % 2]}
        rows.append(turned | more | {"species": row["species"]})
    write_table(project, rows)
    (project.root / "custom").mkdir()
    (project.root / "custom/steps.py").write_text(STEPS)
    project.change({"data.step": "custom.steps.before", "golden": []})
    project.estimator("sklearn.tree.DecisionTreeClassifier")
    return project


def prepared(project: Project) -> list[list[float]]:
    rows: list[list[float]] = []
    for name in ("train", "test"):
        with (project.root / f"data/prepared/{name}.csv").open(newline="") as file:
            header, *found = csv.reader(file)
        assert tuple(header[:-1]) == FEATURES
        rows += [[float(cell) for cell in row[:-1]] for row in found]
    return rows


def test_prepared_rows_are_what_the_step_gives(inches: Project) -> None:
    """Each cell in its field's type; an empty one that a row can do without is left out."""
    inches.run("prepare")
    expected = [
        [float(row[name]) * 2.54 * (1.5 if row["wet"] else 1.0) for name in FEATURES]
        for row in table_of(inches)
    ]
    assert sorted(prepared(inches)) == sorted(expected)


def test_served_model_is_asked_for_what_was_trained_on(inches: Project) -> None:
    """Golden cases are rows of the table as requests; the ranges are those of the features."""
    inches.run("prepare", "train", "evaluate", "export")
    card = json.loads((inches.root / "models/model.json").read_text())
    assert set(card["golden"][0]["features"]) == {*FEATURES, "site", "picked", "wet"}
    assert card["features"][0]["maximum"] == max(row[0] for row in prepared(inches))


def test_step_that_gives_a_request_other_numbers_stops_the_export(inches: Project) -> None:
    """On the first row that differs, by its line in the table."""
    inches.run("prepare", "train", "evaluate")
    forget()
    path = inches.root / "custom/steps.py"
    path.write_text(path.read_text().replace("2.54", "(2.55 if inches > 0.9 else 2.54)"))
    line = inches.refused("export")
    assert line.startswith("data/iris.csv: row 2: data.step: before() of custom/steps.py gives ")
    assert "was trained on" in line


@pytest.mark.parametrize(
    ("column", "cell", "line"),
    [
        ("wet", "damp", "column wet: found 'damp', expected true or false"),
        ("picked", "2.5", "column picked: found '2.5', expected a whole number"),
        ("sepal_width", "", "column sepal_width: found an empty cell, expected a finite number"),
        ("site", "sea", "before() of custom/steps.py: ValueError: no flower grows there"),
        ("sepal_width", "3e38", "before() of custom/steps.py: Problem: "),
    ],
)
def test_row_that_the_step_cannot_take_is_refused(
    inches: Project, column: str, cell: str, line: str
) -> None:
    """With its line in the table."""
    rows = table_of(inches)
    rows[3][column] = cell
    write_table(inches, rows)
    refusal = inches.refused("prepare")
    assert refusal.startswith("data/iris.csv: row 5")
    assert line in refusal


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("def after(row, answer): return answer", "custom/steps.py has no before()"),
        (STEPS.replace("site: str", "site: list[str]"), "site: with data.step a field is float"),
        (STEPS.replace("site: str", "place: str"), "row 1, column place: not found among"),
    ],
)
def test_step_that_no_table_fits_is_refused(inches: Project, text: str, line: str) -> None:
    """What it takes stands in its types."""
    (inches.root / "custom/steps.py").write_text(text)
    assert line in inches.refused("prepare")


def test_column_that_a_row_can_do_without_may_be_missing(inches: Project) -> None:
    """As in a request."""
    rows = table_of(inches)
    write_table(inches, [{k: v for k, v in row.items() if k != "wet"} for row in rows])
    inches.run("prepare")
    assert len(prepared(inches)) == 150
