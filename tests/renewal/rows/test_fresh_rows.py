"""`twinserve renew data` with the real engine: rows from a server by DVC's `import-url`."""

import functools
import hashlib
import subprocess
import sys
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler
from pathlib import Path

import pytest
import yaml

from tests.delivery.update.forks import Repository, publish_engine
from tests.loopback import served
from tests.tree import PROJECT, TREE
from twinserve.config.errors import UserError
from twinserve.delivery.worktree import reproduce
from twinserve.renewal import fresh_rows
from twinserve.renewal.fit import Passed
from twinserve.renewal.fresh_rows import bring_rows
from twinserve.renewal.trees import Concluded, open_trees

pytestmark = pytest.mark.nightly
TABLE = "data/iris.csv"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; DVC knows a file's state by its ETag."""

    def end_headers(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.is_file():
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.send_header("ETag", f'"{digest}"')
        super().end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def source(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A table on a server: its file, and where it is served."""
    folder = tmp_path / "served"
    folder.mkdir()
    rows = (PROJECT / TABLE).read_text().splitlines(keepends=True)
    # A part of it at first; the rest comes later.
    (folder / "iris.csv").write_text("".join([rows[0], *rows[1::3], *rows[2::3]]))
    with served(functools.partial(Quiet, directory=folder)) as url:
        yield folder / "iris.csv", f"{url}/iris.csv"


@pytest.fixture
def project(
    tmp_path: Path, source: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> Repository:
    """The engine with the tests' parameters, its table imported from that server, reproduced."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    project = publish_engine(folder)
    monkeypatch.chdir(folder)
    for name in (".cache", ".venv"):
        project.path(name).symlink_to((TREE / name).readlink())
    project.git("rm", "--quiet", "--cached", TABLE)
    for name in (TABLE, "dvc.lock"):
        project.path(name).unlink()
    dvc = [sys.executable, "-m", "dvc", "import-url", source[1], TABLE]
    done = subprocess.run(dvc, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    reproduce(folder, sys.executable, ("--allow-missing",))
    project.commit("Take the table from its source")

    def fit(tree: Path, *_: object, **__: object) -> tuple[Passed, ...]:
        reproduce(tree, sys.executable, ("--allow-missing",))
        return (Passed("pipeline", 1.0),)

    # In the environment that the tests run in: nothing of it is renewed here.
    monkeypatch.setattr(fresh_rows, "fit", fit)
    return project


def renew() -> Concluded:
    with open_trees("data") as trees:
        return bring_rows(trees, engine=False, rounds=1)


def test_rows_come_in_where_they_make_no_worse_a_model(
    project: Repository, source: tuple[Path, str]
) -> None:
    """The rest of the table: with verdict, answers and metrics, on a branch."""
    assert renew().line == "no row is new: the table's source is as it was"
    text = (PROJECT / TABLE).read_text()
    project.replace("params.yaml", "measurement:", "renewal: {min_unseen_rows: 5}\nmeasurement:")
    project.commit("Few rows are enough")
    source[0].write_text(text)
    concluded = renew()
    assert concluded.branch == "renew/data", concluded.line
    assert project.git("show", "--stat", "--format=%s", "renew/data").startswith("Renew the table")
    changed = project.git("diff", "--name-only", "main", "renew/data").splitlines()
    assert f"{TABLE}.dvc" in changed
    assert "dvc.lock" in changed
    page = project.path("reports/renewal/data.md").read_text()
    assert "Old model and new on rows that neither was trained on" in page
    assert "Drift of the rows that are new" in page
    assert project.git("status", "--porcelain") == ""


def test_worse_rows_do_not_come_in(project: Repository, source: tuple[Path, str]) -> None:
    """Labels that somebody mixed up: no branch, and a line that says how much worse."""
    params = yaml.safe_load(project.path("params.yaml").read_text())
    params |= {"renewal": {"min_unseen_rows": 5}, "golden": []}
    params["evaluation"]["gates"] = {}
    project.write("params.yaml", yaml.safe_dump(params, sort_keys=False))
    reproduce(project.directory, sys.executable, ("--allow-missing",))
    project.commit("No gates")
    rows = (PROJECT / TABLE).read_text().splitlines()
    kept = source[0].read_text().splitlines()
    fresh = [row for row in rows[1:] if row not in set(kept)]
    names = {"setosa": "versicolor", "versicolor": "virginica", "virginica": "setosa"}
    # Training rows with other labels, held-out rows as they are: the champion stays right.
    turned = [f"{row.rpartition(',')[0]},{names[row.rpartition(',')[2]]}" for row in kept[1:]]
    source[0].write_text("\n".join([kept[0], *kept[1:], *turned, *turned, *fresh]) + "\n")
    concluded = renew()
    assert concluded.branch is None
    assert concluded.line.startswith("the rows do not come in: on ")
    assert project.git("branch", "--list", "renew/data") == ""
    lost = concluded.challenge
    assert lost is not None
    assert (lost.commit, lost.loss) == (project.git("rev-parse", "HEAD"), "wrong")
    assert lost.challenger > lost.champion
    assert lost.difference.low > 0


def test_refused_table_names_its_row(project: Repository, source: tuple[Path, str]) -> None:
    """And changes nothing."""
    rows = source[0].read_text().splitlines(keepends=True)
    source[0].write_text("".join([*rows[:4], "wide,3.1,1.5,0.2,setosa\n", *rows[4:]]))
    before = project.git("rev-parse", "HEAD")
    with pytest.raises(
        UserError, match=r"^data/iris\.csv: row 5, column sepal_length: found 'wide'"
    ):
        renew()
    assert project.git("rev-parse", "HEAD") == before
    assert project.git("status", "--porcelain") == ""


def test_source_that_is_gone_is_told(project: Repository, source: tuple[Path, str]) -> None:
    """With its address."""
    source[0].unlink()
    with pytest.raises(UserError, match=r"^http://127\.0\.0\.1:\d+/iris\.csv: "):
        renew()
    assert project.git("status", "--porcelain") == ""


def test_table_without_a_source_says_how_to_give_one(project: Repository) -> None:
    """By DVC's own command."""
    project.git("rm", "--quiet", "--cached", f"{TABLE}.dvc")
    project.path(f"{TABLE}.dvc").unlink()
    project.git("add", "--force", TABLE)
    project.git("commit", "--quiet", "--message", "The table in git")
    with pytest.raises(UserError, match=r"dvc import-url URL data/iris\.csv"):
        renew()
