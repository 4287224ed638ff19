"""Tables of kinds that nobody had tried: what is read of them, and what a refusal says."""

from pathlib import Path

import pytest

from tests.tables.test_unprepared import adopt, table
from tests.training.project import Project
from twinserve.config.errors import UserError

BIG = 2**53


def test_text_longer_than_pythons_bound_of_a_cell_is_read(tmp_path: Path) -> None:
    """To its end, by each stage that reads it, from the file or from what prepare has left."""
    project = Project.new(tmp_path / "project")
    essays = [f"good work {place} " + "x" * 150_000 * (place == 3) for place in range(9)]
    adopt(project, table(essay=essays, number=[1, 2, 3], kind=["a", "b"]), "kind", "--runtime=onnx")
    project.change({"data.features": [{"name": "essay", "type": "text"}, {"name": "number"}]})
    project.run("prepare", "train")


def test_whole_numbers_that_a_float_would_join_stay_apart(tmp_path: Path) -> None:
    """Of a label and of a category: two codes beyond 2^53 are two texts, not one number."""
    project = Project.new(tmp_path / "project")
    adopt(project, table(one=[1, 2, 3], kind=[BIG, BIG + 1]), "kind", "--task=classification")
    assert [str(BIG), str(BIG + 1)] == project.params.data.classes
    project.run("prepare")
    held = (project.root / "data/prepared/train.csv").read_text().splitlines()[1:]
    assert {line.rpartition(",")[2] for line in held} == {"0", "1"}
    text = table(code=[BIG, BIG + 1, 7], kind=["a", "b"])
    adopt(project, text, "kind")
    project.change({"data.features": [{"name": "code", "type": "category"}]})
    project.run("prepare")
    columns = (project.root / "data/prepared/columns.json").read_text()
    assert f'"{BIG}"' in columns
    assert f'"{BIG + 1}"' in columns


def test_number_that_is_none_is_the_example(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a column that is left out for a cell or two, not its first number."""
    project = Project.new(tmp_path / "project")
    adopt(project, table(one=[*range(30), "inf"], two=[1, 2, 3], kind=["a", "b"]), "kind")
    assert "one: left out, numbers with other text ('inf'); write" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "a,b,a,y\n" + "1,2,3,0\n" * 9,
            "column 'a': found 2 columns of this name, expected one: r",
        ),
        (
            "Export of May\n\na,b,y\n" + "1,2,0\n" * 9,
            r"column y: not found among Export of May; .*\(lines above the columns' names, as a",
        ),
    ],
    ids=["a name twice", "a title"],
)
def test_refusal_says_what_to_do_with_the_file(tmp_path: Path, text: str, expected: str) -> None:
    """Where no setting would read it."""
    project = Project.new(tmp_path / "project")
    with pytest.raises(UserError, match=expected) as refused:
        adopt(project, text, "y")
    assert "\n" not in str(refused.value)
