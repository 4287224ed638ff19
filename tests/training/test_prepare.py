"""prepare: the split, the files, and what happens to earlier ones."""

import csv

import pytest

from tests.training.project import Project
from twinserve.config.training import Split
from twinserve.training.prepare import held_out


@pytest.mark.parametrize(
    ("rows", "fraction", "expected"), [(50, 0.2, 10), (4, 0.01, 1), (4, 0.99, 3)]
)
def test_same_fraction_of_each_class(rows: int, fraction: float, expected: int) -> None:
    """Each class gives the same fraction, at least one row, and never all."""
    classes = [0, 1, 2] * rows
    chosen = held_out(classes, Split(test_fraction=fraction, seed=1))
    assert [expected] * 3 == [sum(classes[place] == one for place in chosen) for one in range(3)]


def test_split_follows_the_seed() -> None:
    """The same seed holds out the same rows, another seed others."""
    classes = [0, 1] * 50
    first, again, other = (
        held_out(classes, Split(test_fraction=0.2, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_no_row_is_lost_and_no_digit(project: Project) -> None:
    """Both files together hold the table's rows, every number in full, classes as numbers."""
    table = project.root / "data/iris.csv"
    table.write_text(
        table.read_text().replace("5.1,3.5,1.4,0.2", "0.1234567890123456789,3.5,1,2e-3")
    )
    project.run("prepare")
    found = []
    for name in ("train", "test"):
        with (project.root / f"data/prepared/{name}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert ",".join(header) == "sepal_length,sepal_width,petal_length,petal_width,species"
        found += [([*map(float, row[:-1])], int(row[-1])) for row in rows]
    classes = project.params.data.classes
    with table.open(newline="") as file:
        _, *rows = csv.reader(file)
    expected = [([*map(float, row[:-1])], classes.index(row[-1])) for row in rows]
    assert sorted(expected) == sorted(found)
    assert any(row[0] == 0.12345678901234568 for row, _ in found)


def test_refusal_leaves_earlier_outputs(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command ends with one line and exit code 1, and changes no file."""
    project.run("prepare")
    table = project.root / "data/iris.csv"
    table.write_text(table.read_text().replace("virginica", "rose"))
    before = project.files()
    capsys.readouterr()
    assert project.command("prepare") == 1
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("error: data/iris.csv: row 102, column species: found 'rose', ")
    assert err.count("\n") == 1
    assert before == project.files()


def test_says_what_it_did(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    """One line: rows, rows of each class, and the split."""
    assert project.command("prepare") == 0
    expected = (
        "prepare: data/iris.csv has 150 rows (50 setosa, 50 versicolor, 50 virginica): "
        "120 to train on, 30 held out\n"
    )
    assert expected == capsys.readouterr().out
