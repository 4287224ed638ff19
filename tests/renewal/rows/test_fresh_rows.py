"""`twinserve renew data` with the real engine: rows from a server by DVC's `import-url`."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.delivery.update.forks import Repository
from tests.renewal.rows.table_server import (
    IRIS as TABLE,
)
from tests.renewal.rows.table_server import (
    TableServer,
    make_engine,
    renew_rows,
    serve_table,
)
from tests.tree import PROJECT
from twinserve.config.errors import UserError
from twinserve.delivery.worktree import reproduce

pytestmark = pytest.mark.nightly


@pytest.fixture
def source(tmp_path: Path) -> Iterator[TableServer]:
    """A table on a server: a part of it at first; the rest comes later."""
    rows = (PROJECT / TABLE).read_text().splitlines(keepends=True)
    with serve_table(tmp_path / "served/iris.csv") as server:
        server.give([rows[0], *rows[1::3], *rows[2::3]])
        yield server


@pytest.fixture
def project(tmp_path: Path, source: TableServer, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """The engine with the tests' parameters, its table imported from that server, reproduced."""
    return make_engine(tmp_path / "project", source, TABLE, lambda _: None, monkeypatch)


def test_rows_come_in_where_they_make_no_worse_a_model(
    project: Repository, source: TableServer
) -> None:
    """The rest of the table: with verdict, answers and metrics, on a branch."""
    assert renew_rows().line == "no row is new: the table's source is as it was"
    text = (PROJECT / TABLE).read_text()
    project.replace("params.yaml", "measurement:", "renewal: {min_unseen_rows: 5}\nmeasurement:")
    project.commit("Few rows are enough")
    source.file.write_text(text)
    concluded = renew_rows()
    assert concluded.branch == "renew/data", concluded.line
    assert project.git("show", "--stat", "--format=%s", "renew/data").startswith("Renew the table")
    changed = project.git("diff", "--name-only", "main", "renew/data").splitlines()
    assert f"{TABLE}.dvc" in changed
    assert "dvc.lock" in changed
    page = project.path("reports/renewal/data.md").read_text()
    assert "Old model and new on rows that neither was trained on" in page
    assert "Drift of the rows that are new" in page
    assert project.git("status", "--porcelain") == ""


def test_table_that_is_not_here_is_fetched_first(
    project: Repository, source: TableServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a workflow: a fresh clone, an empty cache, a remote that a local file alone names."""
    text = (PROJECT / TABLE).read_text()
    for words in (["remote", "add", "--default", "store", str(tmp_path / "remote")], ["push"]):
        dvc = [sys.executable, "-m", "dvc", *words, "--quiet"]
        subprocess.run(dvc, cwd=project.directory, check=True)
    config = project.path(".dvc/config").read_text()
    project.git("checkout", "--quiet", ".dvc/config")
    clone = project.fork(tmp_path / "clone")
    clone.write(".dvc/config.local", config)
    monkeypatch.chdir(clone.directory)
    source.file.write_text(text)
    concluded = renew_rows()
    assert concluded.branch == "renew/data", concluded.line
    assert not clone.path(TABLE).exists()
    assert clone.path(".dvc/config.local").read_text() == config


def test_worse_rows_do_not_come_in(project: Repository, source: TableServer) -> None:
    """Labels that somebody mixed up: no branch, and a line that says how much worse."""
    params = yaml.safe_load(project.path("params.yaml").read_text())
    params |= {"renewal": {"min_unseen_rows": 5}, "golden": []}
    params["evaluation"]["gates"] = {}
    project.write("params.yaml", yaml.safe_dump(params, sort_keys=False))
    reproduce(project.directory, sys.executable, ("--allow-missing",))
    project.commit("No gates")
    rows = (PROJECT / TABLE).read_text().splitlines()
    kept = source.file.read_text().splitlines()
    fresh = [row for row in rows[1:] if row not in set(kept)]
    names = {"setosa": "versicolor", "versicolor": "virginica", "virginica": "setosa"}
    # Training rows with other labels, held-out rows as they are: the champion stays right.
    turned = [f"{row.rpartition(',')[0]},{names[row.rpartition(',')[2]]}" for row in kept[1:]]
    source.file.write_text("\n".join([kept[0], *kept[1:], *turned, *turned, *fresh]) + "\n")
    concluded = renew_rows()
    assert concluded.branch is None
    assert concluded.line.startswith("the rows do not come in: on ")
    assert project.git("branch", "--list", "renew/data") == ""
    lost = concluded.challenge
    assert lost is not None
    assert (lost.commit, lost.loss) == (project.git("rev-parse", "HEAD"), "wrong")
    assert lost.challenger > lost.champion
    assert lost.difference.low > 0


def test_refused_table_names_its_row(project: Repository, source: TableServer) -> None:
    """And changes nothing."""
    rows = source.file.read_text().splitlines(keepends=True)
    source.file.write_text("".join([*rows[:4], "wide,3.1,1.5,0.2,setosa\n", *rows[4:]]))
    before = project.git("rev-parse", "HEAD")
    with pytest.raises(
        UserError, match=r"^data/iris\.csv: row 5, column sepal_length: found 'wide'"
    ):
        renew_rows()
    assert project.git("rev-parse", "HEAD") == before
    assert project.git("status", "--porcelain") == ""


def test_source_that_is_gone_is_told(project: Repository, source: TableServer) -> None:
    """With its address."""
    source.file.unlink()
    with pytest.raises(UserError, match=r"^http://127\.0\.0\.1:\d+/iris\.csv: "):
        renew_rows()
    assert project.git("status", "--porcelain") == ""


def test_table_without_a_source_says_how_to_give_one(project: Repository) -> None:
    """By DVC's own command."""
    project.git("rm", "--quiet", "--cached", f"{TABLE}.dvc")
    project.path(f"{TABLE}.dvc").unlink()
    project.git("add", "--force", TABLE)
    project.git("commit", "--quiet", "--message", "The table in git")
    with pytest.raises(UserError, match=r"dvc import-url URL data/iris\.csv"):
        renew_rows()
