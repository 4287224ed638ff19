"""What docs/renewing.md shows of fresh rows is what `twinserve renew data` prints."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.delivery.update.forks import Repository
from tests.renewal.rows.table_server import IRIS, TableServer, make_engine, serve_table
from tests.renewal.shown import shown, type_in
from tests.tree import PROJECT

pytestmark = pytest.mark.nightly
ROWS = (PROJECT / IRIS).read_text().splitlines(keepends=True)
HEADER, OLD, FRESH = ROWS[0], [*ROWS[1::3], *ROWS[2::3]], ROWS[3::3]
OTHERS = {"setosa": "versicolor", "versicolor": "virginica", "virginica": "setosa"}


@pytest.fixture
def source(tmp_path: Path) -> Iterator[TableServer]:
    """Two thirds of the table on a server."""
    with serve_table(tmp_path / "served/iris.csv") as server:
        server.give([HEADER, *OLD])
        yield server


def without_gates(project: Repository) -> None:
    """Let no gate refuse a model that is worse, and few rows be enough for a verdict."""
    params = yaml.safe_load(project.path("params.yaml").read_text())
    params |= {"renewal": {"min_unseen_rows": 5}, "golden": []}
    params["evaluation"]["gates"] = {}
    project.write("params.yaml", yaml.safe_dump(params, sort_keys=False))


@pytest.fixture
def project(tmp_path: Path, source: TableServer, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine with that table, reproduced."""
    return make_engine(tmp_path / "project", source, IRIS, without_gates, monkeypatch)


def turned(row: str) -> str:
    """The row with another class."""
    values, _, name = row.rstrip().rpartition(",")
    return f"{values},{OTHERS[name]}\n"


def test_rows_refused_worse_and_no_worse(
    project: Repository, source: TableServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """One after the other; only the last leaves a branch."""
    refused, worse, better = shown("rows")
    source.give([HEADER, *OLD[:3], "wide,3.1,1.5,0.2,setosa\n", *OLD[3:], *FRESH])
    type_in(refused, capsys)
    # Training rows with other labels, held-out rows as they are: the old model stays right.
    source.give([HEADER, *OLD, *[turned(row) for row in OLD] * 2, *FRESH])
    type_in(worse, capsys)
    assert project.git("branch", "--list", "renew/data") == ""
    source.give([HEADER, *OLD, *FRESH])
    type_in(better, capsys, "--rounds", "1")
    assert project.git("branch", "--list", "renew/data") != ""
