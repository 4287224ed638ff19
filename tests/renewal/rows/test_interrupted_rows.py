"""`twinserve renew data`, interrupted in any of its phases, leaves the tree as it was."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.renewal.interruption import COMPARE, PHASES, cases, has_begun, interrupt, mend
from tests.renewal.package_index import PackageIndex
from tests.renewal.rows.table_server import TableServer, import_table, serve_table
from tests.renewal.small_project import call, make_small_project
from tests.tree import PROJECT

TABLE = "data/iris.csv"
FETCH, COMPETE = "fetch", "compete"
CHECKS = [phase for phase in PHASES if phase != COMPARE]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TableServer]:
    """Where the rows come from."""
    with serve_table(tmp_path / "served/iris.csv") as server:
        yield server


@pytest.mark.parametrize(
    ("phase", "number"),
    cases(FETCH, *CHECKS, COMPETE, COMPARE, quick=(COMPETE, signal.SIGTERM)),
)
def test_interrupt_leaves_all_as_it_was(
    tmp_path: Path,
    index: PackageIndex,
    server: TableServer,
    phase: str,
    number: signal.Signals,
) -> None:
    """What a kill has left is cleared by the next run, which goes through."""
    rows = (PROJECT / TABLE).read_text().splitlines(keepends=True)
    server.give([*rows[:1], *rows[2::2]])
    project = make_small_project(tmp_path / "project", index, f"{phase} beta 1.0 wait")
    project.write("data/.gitignore", "")
    import_table(project, server, TABLE)
    project.commit("Its table, from its source")
    server.give(rows)
    server.stalled = phase == FETCH
    begun = server.asked.is_set if phase == FETCH else lambda: has_begun(project)
    interrupt(project, index, "data", number, begun)
    server.stalled = False
    mend(project)
    done = call(project.directory, index, "renew", "data", "--engine")
    assert done.returncode == 0, done.stdout + done.stderr
    changed = project.git("diff", "--name-only", "main", "renew/data").splitlines()
    assert changed == [f"{TABLE}.dvc", "made.json"]
