"""`twinserve renew data` of a regression, with a real table: better, worse, refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from sklearn.datasets import load_diabetes

from tests.delivery.update.forks import Repository
from tests.renewal.rows.table_server import TableServer, make_engine, renew_rows, serve_table
from twinserve.config.errors import UserError

pytestmark = pytest.mark.nightly
TABLE = "data/diabetes.csv"
HIGHEST = 346


def diabetes() -> list[str]:
    """Disease progression after a year, of 442 patients: the lines of the table."""
    loaded = load_diabetes(scaled=False)
    lines = [",".join([*loaded.feature_names, "progression"])]
    for row, number in zip(loaded.data, loaded.target, strict=True):
        lines.append(",".join(f"{value:g}" for value in (*row, number)))
    return [f"{line}\n" for line in lines]


HEADER, *ROWS = diabetes()
OLD, FRESH = ROWS[::3], [row for place, row in enumerate(ROWS) if place % 3]


def predict_a_number(project: Repository) -> None:
    """Write the parameters of this table, as a user would."""
    params = yaml.safe_load(project.path("params.yaml").read_text())
    params["model"]["name"] = "diabetes"
    params["data"] = {"table": TABLE, "label": "progression", "task": "regression"}
    params["estimator"] = {
        "import_path": "sklearn.ensemble.RandomForestRegressor",
        "arguments": {"n_estimators": 20},
    }
    params["evaluation"] = {"folds": 0}
    params["golden"] = []
    project.write("params.yaml", yaml.safe_dump(params, sort_keys=False))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[TableServer]:
    """A third of the patients on a server; the others come later."""
    with serve_table(tmp_path / "served/diabetes.csv") as server:
        server.give([HEADER, *OLD])
        yield server


@pytest.fixture
def project(tmp_path: Path, source: TableServer, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine with that table, reproduced."""
    return make_engine(tmp_path / "project", source, TABLE, predict_a_number, monkeypatch)


def test_rows_come_in_where_the_error_is_no_larger(
    project: Repository, source: TableServer
) -> None:
    """The other patients: by the absolute error, pair by pair, on rows that neither has seen."""
    source.give([HEADER, *OLD, *FRESH])
    concluded = renew_rows()
    assert concluded.branch == "renew/data", concluded.line
    page = project.path("reports/renewal/data.md").read_text()
    assert "that neither was trained on, mean loss (absolute)" in page
    assert "| `all` | " in page
    assert "| `rows that are new` | " in page
    assert "`class" not in page
    assert "Drift of the rows that are new" in page
    assert "mae" in page
    assert project.git("status", "--porcelain") == ""


def test_rows_that_make_a_larger_error_do_not_come_in(
    project: Repository, source: TableServer
) -> None:
    """Labels that somebody has turned around: by how much, with its interval, and no branch."""
    turned = [
        f"{row.rpartition(',')[0]},{HIGHEST - float(row.rpartition(',')[2]):g}\n" for row in OLD
    ]
    # Twice, so that most of them are rows of training.
    source.give([HEADER, *OLD, *turned, *turned, *FRESH])
    concluded = renew_rows()
    assert concluded.branch is None
    assert concluded.line.startswith("the rows do not come in: on ")
    assert "mean loss (absolute)" in concluded.line
    assert project.git("branch", "--list", "renew/data") == ""
    lost = concluded.challenge
    assert lost is not None
    assert lost.loss == "absolute"
    assert lost.rows >= 30
    assert lost.difference.low > 0


def test_label_that_is_no_number_is_refused(project: Repository, source: TableServer) -> None:
    """By its row and column; nothing changes."""
    wrong = f"{FRESH[0].rpartition(',')[0]},much\n"
    source.give([HEADER, *OLD[:3], wrong, *OLD[3:]])
    before = project.git("rev-parse", "HEAD")
    with pytest.raises(
        UserError, match=r"^data/diabetes\.csv: row 5, column progression: found 'much'"
    ):
        renew_rows()
    assert project.git("rev-parse", "HEAD") == before
    assert project.git("status", "--porcelain") == ""
