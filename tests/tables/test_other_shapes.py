"""Tables of kinds that nobody had tried: what is read of them, and what a refusal says."""

import random
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.measure.fakes import card
from tests.tables.endpoints import project_of, served
from tests.tables.shapes import cars
from tests.tables.test_known_tables import rows_of
from tests.tables.test_unprepared import adopt, table
from tests.training.project import Project
from twinserve.commands import run_command
from twinserve.config.card import GoldenCase
from twinserve.config.errors import UserError
from twinserve.config.serving import Serving
from twinserve.contract.cases import golden_of_one_request

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


def test_table_of_the_project_may_be_given_by_its_whole_path(tmp_path: Path) -> None:
    """It stands where it is to be, and is not copied to itself."""
    project = Project.new(tmp_path / "project")
    path = project.root / "data/mine.csv"
    path.write_text(table(one=[1, 2, 3], kind=["a", "b"]))
    with chdir(project.root):
        run_command("adopt", [str(path), "--label", "kind"])
    assert project.params.data.table == "data/mine.csv"


def drawn(rows: int = 150) -> pd.DataFrame:
    """Numbers, whole ones with gaps, yes and no, texts with quotes and tabs, and two labels."""
    draw = random.Random(17)  # noqa: S311 - a table, not a secret
    size = [round(draw.gauss(0, 1500), 2) for _ in range(rows)]
    kinds = [f"Art {place % 30}" for place in range(rows)]
    return pd.DataFrame(
        {
            "größe": size,
            "Stück": pd.array(
                [None if place % 11 == 0 else place % 7 for place in range(rows)], dtype="Int64"
            ),
            "bezahlt": [[True, False, None][draw.randrange(3)] for _ in range(rows)],
            'Name "kurz"': [
                draw.choice(['ein "A"', "ein\tB", "C; D", "E, F"]) for _ in range(rows)
            ],
            "kind": kinds,
            "late": ["yes" if value > 0 else "no" for value in size],
            "rare": ["seldom" if place < 3 else "often" for place in range(rows)],
        }
    )


def as_yes_and_no(frame: pd.DataFrame) -> pd.DataFrame:
    """As people write what is true."""
    return frame.assign(bezahlt=frame["bezahlt"].map({True: "Yes", False: "No"}))


def with_marks(frame: pd.DataFrame, path: Path) -> None:
    """Semicolons, a decimal comma, points between thousands, cp1252, and percent signs."""
    marks = str.maketrans(",.", ".,")
    text = as_yes_and_no(frame).assign(
        größe=[f"{value:,.2f}".translate(marks) for value in frame["größe"]], mehr="5 %"
    )
    text.to_csv(path, sep=";", index=False, encoding="cp1252")


def with_tabs(frame: pd.DataFrame, path: Path) -> None:
    """Tabs, quoted ones among them, a byte order mark, CRLF, an index without a name."""
    as_yes_and_no(frame).to_csv(path, sep="\t", encoding="utf-8-sig", lineterminator="\r\n")


def with_dictionaries(frame: pd.DataFrame, path: Path) -> None:
    """Parquet, its texts as pandas' categories, whole numbers and booleans with gaps, and dates."""
    kinds = {"Stück": "Int64", "bezahlt": "boolean", 'Name "kurz"': "category", "kind": "category"}
    days = pd.Timestamp("2024-02-28") + pd.to_timedelta(np.arange(len(frame)), unit="D")
    frame.astype(kinds).assign(day=days).to_parquet(path, engine="fastparquet")


def with_odd_columns(frame: pd.DataFrame, path: Path) -> None:
    """A column of gaps, one of NA, a number for each customer, and dates as texts."""
    as_yes_and_no(frame).assign(
        leer="",
        nichts="NA",
        customer_id=[9_000 + 7 * place for place in range(len(frame))],
        tag=[f"{1 + place % 28}.{1 + place % 12}.2024" for place in range(len(frame))],
    ).to_csv(path, index=False)


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("name", "write", "label"),
    [
        ("marks.csv", with_marks, "late"),
        ("tabs.tsv", with_tabs, "kind"),
        ("dictionaries.parquet", with_dictionaries, "rare"),
        ("odd.csv", with_odd_columns, "late"),
        ("big.csv.gz", with_odd_columns, "größe"),
    ],
)
def test_other_shape_is_served_as_scikit_learn_answers(
    tmp_path: Path, name: str, write: Callable[[pd.DataFrame, Path], None], label: str
) -> None:
    """Adopted with no edit; all rows on both endpoints, as the estimator says of what was drawn."""
    project = project_of(tmp_path / "project", cars(), {"label": "mpg"})
    frame = drawn()
    write(frame, project.root / "data" / name)
    if label != "late":
        # What is a feature, not a label, is yes or no by the rule.
        frame["late"] = frame["late"] == "yes"
    with chdir(project.root):
        run_command("adopt", [f"data/{name}", "--label", label])
    with served(project) as twins:
        features = twins.card().features
        kept = [feature.name for feature in features]
        assert {*frame} - {label} == {*kept}
        read = pd.DataFrame(
            {
                feature.name: pd.Categorical(frame[feature.name], categories=list(feature.values))
                if feature.type == "category"
                else frame[feature.name].astype(float)
                for feature in features
            }
        )
        expected = twins.estimator().predict(read).tolist()
        sent = rows_of(frame[kept])
        assert twins.answers(sent) == [expected, expected]
        assert twins.contract().failed == 0


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 1000),
        ({"max_rows": 7}, 7),
        ({"max_batch_bytes": 200}, 100 // len("[0.5, 0], ")),
        ({"max_batch_bytes": 64, "max_rows": 1}, 1),
    ],
)
def test_a_request_holds_no_more_golden_cases_than_it_may(
    limits: dict[str, int], expected: int
) -> None:
    """A model of thirty classes has as many cases; fifty times those are more rows than allowed."""
    many = card()._replace(golden=[GoldenCase([0.5, number % 10], 0) for number in range(30)])
    serving = Serving.model_construct(None, **limits)
    assert len(golden_of_one_request(many, serving, 50)) == expected
