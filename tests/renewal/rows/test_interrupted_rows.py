"""`twinserve renew data`, interrupted in any of its phases, leaves the tree as it was."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository
from tests.renewal.interruption import (
    COMPARE,
    PHASES,
    cases,
    copy_of,
    has_begun,
    interrupt,
    mend,
)
from tests.renewal.package_index import PackageIndex
from tests.renewal.rows.table_server import TableServer, import_table, serve_table
from tests.renewal.small_project import call, make_small_project
from tests.tree import PROJECT

TABLE = "data/iris.csv"
FETCH, COMPETE = "fetch", "compete"
CHECKS = [phase for phase in PHASES if phase != COMPARE]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TableServer]:
    """Where the rows come from."""
    with serve_table(tmp_path_factory.mktemp("served") / "iris.csv") as server:
        yield server


@pytest.fixture(scope="module")
def imported(
    tmp_path_factory: pytest.TempPathFactory, shared_index: PackageIndex, server: TableServer
) -> Repository:
    """A project that has half of the rows; the server has all of them since."""
    rows = (PROJECT / TABLE).read_text().splitlines(keepends=True)
    server.give([*rows[:1], *rows[2::2]])
    project = make_small_project(tmp_path_factory.mktemp("imported") / "project", shared_index)
    project.write("data/.gitignore", "")
    import_table(project, server, TABLE)
    project.commit("Its table, from its source")
    server.give(rows)
    return project


@pytest.mark.parametrize(("phase", "number"), cases(FETCH, *CHECKS, COMPETE, COMPARE))
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path,
    shared_index: PackageIndex,
    server: TableServer,
    imported: Repository,
    phase: str,
    number: signal.Signals,
) -> None:
    """What a kill has left is cleared by the next run, which goes through."""
    project = copy_of(imported, tmp_path / "project", phase)
    server.asked.clear()
    server.stalled = phase == FETCH
    begun = server.asked.is_set if phase == FETCH else lambda: has_begun(project)
    interrupt(project, shared_index, "data", number, begun)
    server.stalled = False
    mend(project)
    done = call(project.directory, shared_index, "renew", "data", "--engine")
    assert done.returncode == 0, done.stdout + done.stderr
    changed = project.git("diff", "--name-only", "main", "renew/data").splitlines()
    assert changed == [f"{TABLE}.dvc", "made.json"]
