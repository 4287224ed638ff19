"""The table: what is read, and every way in which it is refused."""

from pathlib import Path

import pytest
from sklearn.datasets import load_iris

from tests.training.project import Project
from tests.tree import PROJECT
from twinserve.training.table import read_table

HEADER = "sepal_length,sepal_width,petal_length,petal_width,species"


def lines(project: Project) -> list[str]:
    return (project.root / "data/iris.csv").read_text().splitlines()


def write(project: Project, content: list[str] | bytes) -> None:
    path = project.root / "data/iris.csv"
    path.write_bytes(
        content if isinstance(content, bytes) else ("\n".join(content) + "\n").encode()
    )


def cell(project: Project, line: int, column: int, text: str) -> None:
    """Change one cell; lines are counted from 1, the header being the first."""
    changed = lines(project)
    cells = changed[line - 1].split(",")
    cells[column] = text
    changed[line - 1] = ",".join(cells)
    write(project, changed)


def test_iris_is_scikit_learns_copy(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table of the tests equals scikit-learn's, row by row, and so do the class names."""
    monkeypatch.chdir(PROJECT)
    table, original = read_table(project.params.data), load_iris()
    assert original.data.tolist() == table.rows
    assert original.target.tolist() == table.labels
    assert original.target_names.tolist() == project.params.data.classes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("five", "found 'five', expected a finite number"),
        ("", "found an empty cell, expected a finite number"),
        ("  ", "found an empty cell, expected a finite number"),
        ("nan", "found 'nan', expected a finite number"),
        ("-inf", "found '-inf', expected a finite number"),
        ("1_000", "found '1_000', expected a finite number"),
        ("٣", "found '٣', expected a finite number"),
        ("0x10", "found '0x10', expected a finite number"),
        ("1e39", "found '1e39', expected a number within float32's range (up to 3.4e38)"),
        ("-1e999", "found '-1e999', expected a number within float32's range (up to 3.4e38)"),
        ("x" * 99, f"found '{'x' * 40}…', expected a finite number"),
    ],
)
def test_cell_that_is_no_number(project: Project, text: str, expected: str) -> None:
    """A cell that is not a finite float32 is named by file, row and column."""
    cell(project, 17, 2, text)
    said = project.refused("prepare")
    assert said.startswith(f"data/iris.csv: row 17, column petal_length: {expected}")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            HEADER.replace("petal_width", "width"),
            (
                "column petal_width: not found among sepal_length, sepal_width, petal_length, "
                "width, species; expected every column that data in params.yaml names"
            ),
        ),
        (HEADER.replace("species", "kind"), "column species: not found among"),
        (
            HEADER.replace("petal_width", "petal_length"),
            "column 'petal_length': found 2 columns of this name, expected one",
        ),
    ],
)
def test_column_missing_or_twice(project: Project, header: str, expected: str) -> None:
    """A header without a needed column, or with one twice, is refused."""
    write(project, [header, *lines(project)[1:]])
    assert project.refused("prepare").startswith(f"data/iris.csv: row 1, {expected}")


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,2,3,4", "row 3: found 4 cells, expected 5 as in the header"),
        ("1,2,3,4,setosa,6", "row 3: found 6 cells, expected 5 as in the header"),
        ("1", "row 3: found 1 cell, expected 5 as in the header"),
        (
            "1,2,3,4,rose",
            (
                "row 3, column species: found 'rose', expected one of setosa, versicolor, "
                "virginica (data.classes in params.yaml)"
            ),
        ),
        ("1,2,3,4,", "row 3, column species: found an empty cell, expected one of"),
        ('1,2,3,"4"x,setosa', "row 3: found ',' expected after '\"', expected CSV"),
    ],
)
def test_row_that_does_not_fit(project: Project, row: str, expected: str) -> None:
    """A ragged row, an unknown class and broken quoting are refused."""
    content = lines(project)
    content[2] = row
    write(project, content)
    assert project.refused("prepare").startswith(f"data/iris.csv: {expected}")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "the file is empty; expected a header line and rows"),
        (b"\n \n", "the file is empty; expected a header line and rows"),
        (HEADER.encode(), "column species: found 0 rows of class 'setosa', expected at least 10"),
        (b"a\nb\n\xff\n", "row 3: found byte 0xff, expected UTF-8 text"),
    ],
)
def test_file_without_a_table(project: Project, content: bytes, expected: str) -> None:
    """An empty file, a header alone and bytes that are not text are refused."""
    write(project, content)
    assert project.refused("prepare").startswith(f"data/iris.csv: {expected}")


def test_missing_file(project: Project) -> None:
    """A table that is not there is named, with the key that names it."""
    project.change({"data.table": "data/none.csv"})
    expected = (
        "data/none.csv: No such file or directory; "
        "expected the table that data.table in params.yaml names"
    )
    assert expected == project.refused("prepare")


def test_too_few_rows_of_a_class(project: Project) -> None:
    """A class with fewer rows than ``min_rows_per_class`` is refused."""
    write(project, lines(project)[:110])
    expected = (
        "data/iris.csv: column species: found 9 rows of class 'virginica', expected at least 10 "
        "(data.min_rows_per_class in params.yaml)"
    )
    assert expected == project.refused("prepare")


def test_row_is_the_line_of_the_file(project: Project) -> None:
    """Blank lines and cells of several lines do not shift the row that a refusal names."""
    rows = lines(project)
    content = [f"{rows[0]},note", "", f'{rows[1]},"two\nlines"', f"{rows[2]},", "1,2,x,4,setosa,"]
    write(project, content)
    expected = "data/iris.csv: row 6, column petal_length: found 'x', expected a finite number"
    assert project.refused("prepare").startswith(expected)


def test_what_spreadsheets_write(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte order mark, CRLF, spaces, other columns and another order change nothing."""
    monkeypatch.chdir(project.root)
    plain = read_table(project.params.data)
    exported = []
    for line in lines(project):
        a, b, c, d, species = line.split(",")
        exported.append(f"{species},{d},{c}, {a} ,{b},note")
    write(
        project,
        b"\xef\xbb\xbf" + "\r\n".join(exported).replace(" sepal_length ", "sepal_length").encode(),
    )
    table = read_table(project.params.data)
    assert (plain.rows, plain.labels, plain.lines) == (table.rows, table.labels, table.lines)
    assert plain.sha256 != table.sha256


def test_largest_float32_is_taken(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The range ends where float32 ends, not before."""
    monkeypatch.chdir(project.root)
    cell(project, 2, 0, "-3.4028234663852886e38")
    assert read_table(project.params.data).rows[0][0] == -3.4028234663852886e38


def test_folder_in_place_of_a_file(project: Project) -> None:
    """What cannot be read is one line too."""
    Path(project.root, "data/iris.csv").unlink()
    Path(project.root, "data/iris.csv").mkdir()
    assert project.refused("prepare").startswith("data/iris.csv: Is a directory; ")
