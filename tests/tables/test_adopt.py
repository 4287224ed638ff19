"""adopt: what a table is taken for, and what stays of params.yaml."""

import difflib
import gzip
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest

from tests.tables.endpoints import project_of, served
from tests.tables.shapes import Rows, as_csv, cars, penguins, titanic
from tests.training.project import Project
from twinserve.commands import run_command
from twinserve.config.errors import UserError
from twinserve.delivery.adoption.yaml_edit import ABSENT, edited

SHIPPED = """\
# A comment at the top.
data:
  table: data/iris.csv   # where it is
  # Of the classes.
  classes: [a, b]
  features:
    - {name: one}
    - {name: two}

# Before golden.
golden:
  - {features: [1, 2], prediction: 0}

last: "1"
"""


def adopt(project: Project, name: str, content: bytes, label: str) -> None:
    path = project.root / "data" / name
    path.write_bytes(content)
    with chdir(project.root):
        run_command("adopt", [f"data/{name}", "--label", label])


def test_nothing_but_the_values_changes() -> None:
    """Comments, blank lines and other keys stay as they are, byte for byte."""
    text = edited(
        SHIPPED,
        {
            ("data", "table"): "data/ü ß.csv",
            ("data", "classes"): ABSENT,
            ("data", "features"): [{"name": 'a "b"', "missing": True}],
            ("data", "separator"): "\t",
            ("golden",): [],
        },
    )
    expected = """\
# A comment at the top.
data:
  table: data/ü ß.csv   # where it is
  # Of the classes.
  features:
    - {name: a "b", missing: true}
  separator: "\\t"

# Before golden.
golden: []

last: "1"
"""
    assert expected == text


@pytest.mark.parametrize(
    ("name", "make", "label", "kinds", "left_out"),
    [
        (
            "penguins.csv",
            lambda: as_csv(penguins()).encode("utf-16"),
            "species",
            ["category", "number?", "number?", "number?", "category?"],
            [],
        ),
        (
            "titanic.csv",
            lambda: b"\xef\xbb\xbf" + as_csv(titanic(), "\t", "\r\n").encode(),
            "Survived",
            ["number", "category", "number?", "number", "boolean", "category?"],
            ["a column without a name: left out, an index", "Name: left out, free text"],
        ),
        (
            "cars.csv",
            lambda: as_csv(cars(), ";").replace(".", ",").encode("cp1252"),
            "mpg",
            ["number", "number?", "number", "number", "category", "category"],
            [],
        ),
    ],
)
def test_table_is_taken_for_what_it_is(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    make: Callable[[], bytes],
    label: str,
    kinds: list[str],
    left_out: list[str],
) -> None:
    """Separator, decimal mark, encoding, gaps, types and task are found, written and said."""
    project = Project.new(tmp_path / "project")
    adopt(project, name, make(), label)
    data = project.params.data
    found = [f"{feature.type}{'?' * feature.missing}" for feature in data.features]
    assert kinds == found
    assert project.params.golden == []
    said = capsys.readouterr().out
    assert all(line in said for line in left_out)
    project.run("prepare", "train")


def test_shipped_comments_stay(tmp_path: Path) -> None:
    """Every comment of the file is still there, in its order."""
    project = Project.new(tmp_path / "project")
    before = (project.root / "params.yaml").read_text().splitlines()
    adopt(project, "cars.csv", as_csv(cars()).encode(), "mpg")
    after = (project.root / "params.yaml").read_text().splitlines()
    removed = [line for line in difflib.ndiff(before, after) if line.startswith("- ")]
    assert not [line for line in removed if "#" in line]


@pytest.mark.parametrize(
    ("label", "table", "expected"),
    [
        ("miles", cars, "data/t.csv: row 1, column miles: not found among mpg, cylinders"),
        ("mpg", lambda: (["mpg", "one"], [["1", "a"], ["2", "a"]]), "found no column but mpg"),
    ],
)
def test_refusal_changes_nothing(
    tmp_path: Path, label: str, table: Callable[[], Rows], expected: str
) -> None:
    """A table from which nothing can be learnt is one line, and params.yaml stays as it was."""
    project = Project.new(tmp_path / "project")
    (project.root / "data/t.csv").write_text(as_csv(table()))
    before = project.files()
    with chdir(project.root), pytest.raises(UserError, match=expected) as refused:
        run_command("adopt", ["data/t.csv", "--label", label])
    assert "\n" not in str(refused.value)
    assert before == project.files()


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "t.csv.gz",
            gzip.compress(b"a,b\n1,2\n")[:15],
            "t.csv.gz: found gzip that cannot be read: ",
        ),
        ("t.csv", b"\xff\xfea", "t.csv: row 1: found byte 0x61, expected utf-16 text"),
        ("t.parquet", b"PAR1 and no more", "t.parquet: found Parquet that cannot be read: "),
    ],
    # gzip notes the time in what it writes: an id of it would be another in each worker.
    ids=["gzip", "utf-16", "Parquet"],
)
def test_damaged_file_is_one_line(tmp_path: Path, name: str, content: bytes, expected: str) -> None:
    """Of any kind that is read: what is wrong with it, and params.yaml stays as it was."""
    project = Project.new(tmp_path / "project")
    before = (project.root / "params.yaml").read_bytes()
    with pytest.raises(UserError, match=expected) as refused:
        adopt(project, name, content, "b")
    assert "\n" not in str(refused.value)
    assert before == (project.root / "params.yaml").read_bytes()


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("table", "label"), [(penguins, "species"), (titanic, "Survived"), (cars, "mpg")]
)
def test_adopted_table_is_served(tmp_path: Path, table: Callable[[], Rows], label: str) -> None:
    """From the file to two endpoints that keep the contract, with no edit in between."""
    project = project_of(tmp_path / "project", table(), {"label": label})
    adopt(project, "mine.csv", as_csv(table()).encode(), label)
    with served(project) as twins:
        assert twins.contract().failed == 0
