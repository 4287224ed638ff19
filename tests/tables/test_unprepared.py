"""Tables as nobody prepared them: labels with gaps, units in cells, identifiers, dates."""

from contextlib import chdir
from pathlib import Path

import pytest

from tests.tables.shapes import as_csv, cars
from tests.training.project import Project
from twinserve.commands import run_command
from twinserve.config.errors import UserError


def adopt(project: Project, text: str, label: str, *more: str, name: str = "mine.csv") -> None:
    (project.root / "data" / name).write_text(text, encoding="utf-8")
    with chdir(project.root):
        run_command("adopt", [f"data/{name}", "--label", label, *more])


def table(**columns: object) -> str:
    """Forty rows: a list is gone round, a text has the number of its row."""
    rows = [
        [
            str(cells[place % len(cells)]) if isinstance(cells, list) else str(cells).format(place)
            for cells in columns.values()
        ]
        for place in range(40)
    ]
    return as_csv((list(columns), rows))


def test_rows_without_a_label_are_left_out_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By a setting that adopt writes; without it, a refusal names the setting."""
    header, rows = cars(60)
    rows = [["" if place in {3, 30} else row[0], *row[1:]] for place, row in enumerate(rows)]
    project = Project.new(tmp_path / "project")
    adopt(project, as_csv((header, rows)), "mpg")
    assert "adopt: left out: 2 rows without mpg" in capsys.readouterr().out
    assert project.params.data.unlabelled == "skip"
    project.run("prepare")
    said = capsys.readouterr().out
    assert "prepare: left out: 2 rows without mpg" in said
    assert "prepare: data/mine.csv has 58 rows" in said
    project.change({"data.unlabelled": "refuse"})
    assert project.refused("prepare") == (
        "data/mine.csv: row 5, column mpg: found an empty cell, expected a finite number "
        "(data.unlabelled: skip would leave such rows out)"
    )


def test_class_of_a_row_without_a_label_names_the_setting(tmp_path: Path) -> None:
    """Not data.classes, which an empty cell could not be one of."""
    project = Project.new(tmp_path / "project")
    adopt(project, table(one=[1, 2, 3], kind=["a", "b", "a", "b", ""]), "kind")
    project.change({"data.unlabelled": "refuse"})
    assert project.refused("prepare").endswith(
        "found an empty cell, expected one of a, b (data.unlabelled: skip would leave such rows "
        "out)"
    )


@pytest.mark.parametrize(
    ("columns", "more", "expected"),
    [
        ({"kind": "${}.00"}, [], "write the number without the text around it to have it "),
        ({"kind": [*range(13)] * 3 + [99]}, [], r"TASK=regression"),
        ({"kind": ["a", "b"] * 19 + ["c", "a"]}, [], "found 1 row of class 'c', expected at least"),
    ],
)
def test_class_of_one_row_says_what_to_do(
    tmp_path: Path, columns: dict[str, object], more: list[str], expected: str
) -> None:
    """A number with a unit, a quantity of few values, or a class that nothing can learn."""
    project = Project.new(tmp_path / "project")
    with pytest.raises(UserError, match=expected) as refused:
        adopt(project, table(one=[1, 2, 3], **columns), "kind", *more)
    assert "\n" not in str(refused.value)


def test_columns_from_which_nothing_can_be_learnt_are_left_out_with_the_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Dates, identifiers and numbers with units are no free text; a column like `humid` stays."""
    project = Project.new(tmp_path / "project")
    text = table(
        day="2024-01-{:02}",
        customerId="9{}1",
        power="{} bhp",
        humid="{}7",
        kind=["a", "b"],
    )
    adopt(project, text, "kind")
    said = capsys.readouterr().out
    assert "day: left out, dates, which are not read as such" in said
    assert "customerId: left out, an identifier, another in each row" in said
    assert "power: left out, numbers with other text ('0 bhp')" in said
    assert [feature.name for feature in project.params.data.features] == ["humid"]


def test_file_without_a_header_says_so(tmp_path: Path) -> None:
    """As UCI's come: the first line holds values, and no column has the label's name."""
    project = Project.new(tmp_path / "project")
    with pytest.raises(UserError, match="the first line seems to hold values: write the columns'"):
        adopt(project, "5.1,3.5,1.4,0.2,Iris-setosa\n" * 20, "class")


def test_many_columns_of_a_kind_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As 784 pixels, so that what matters is not lost among them."""
    project = Project.new(tmp_path / "project")
    wide = {f"pixel{number}": [number, 1, 2] for number in range(3, 103)}
    adopt(project, table(**wide, kind=["a", "b"]), "kind", name="größe 1.csv")
    said = capsys.readouterr().out
    assert "adopt: pixel3 … pixel102, 100 columns: number\n" in said
    assert len(said.splitlines()) < 10
    assert project.params.model.name == "groe-1"
    assert len(project.params.data.features) == 100
