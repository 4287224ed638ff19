"""A table on a server of this machine, as `dvc import-url` finds it."""

import hashlib
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.delivery.update.forks import Repository, publish_engine
from tests.loopback import QuietHandler, served
from tests.tree import TREE, share_environments
from twinserve.delivery.worktree import reproduce
from twinserve.renewal import fresh_rows
from twinserve.renewal.fit import Passed
from twinserve.renewal.fresh_rows import bring_rows
from twinserve.renewal.trees import Concluded, open_trees

IRIS = "data/iris.csv"


@dataclass
class TableServer:
    """A file, and where it is served.

    Attributes:
        stalled: whether nobody is answered until it is over; ``asked`` once somebody has asked.
    """

    file: Path
    url: str = ""
    stalled: bool = False
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    def give(self, rows: list[str]) -> None:
        """Serve these lines from now on."""
        self.file.write_text("".join(rows))


@contextmanager
def serve_table(file: Path) -> Iterator[TableServer]:
    """Serve it; DVC knows a file's state by its ETag."""
    file.parent.mkdir(parents=True, exist_ok=True)
    server = TableServer(file)

    class Handler(QuietHandler, BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if server.stalled:
                server.asked.set()
                server.over.wait()
            if not file.exists():
                self.answer(404, b"")
                return
            content = file.read_bytes()
            self.answer(200, content, {"ETag": f'"{hashlib.sha256(content).hexdigest()}"'})

        do_HEAD = do_GET  # noqa: N815 - http.server's name

    with served(Handler) as url:
        server.url = f"{url}/{file.name}"
        try:
            yield server
        finally:
            server.over.set()


def make_engine(
    folder: Path,
    server: TableServer,
    table: str,
    edit: Callable[[Repository], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Repository:
    """The engine with the tests' parameters, edited; its table from the server, reproduced.

    From now on it is the working directory, and renewed in the environment of the tests.
    """
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setattr(fresh_rows, "fit", _reproduced)
    folder.mkdir()
    project = publish_engine(folder)
    share_environments(folder)
    project.path(".venv").symlink_to((TREE / ".venv").readlink())
    project.git("rm", "--quiet", "--cached", IRIS)
    for name in (IRIS, "dvc.lock"):
        project.path(name).unlink()
    edit(project)
    import_table(project, server, table)
    reproduce(folder, sys.executable, ("--allow-missing",))
    project.commit("Take the table from its source")
    monkeypatch.chdir(folder)
    return project


def renew_rows() -> Concluded:
    """`twinserve renew data` in the working directory, without the engine's suite."""
    with open_trees("data") as trees:
        return bring_rows(trees, engine=False, rounds=1)


def _reproduced(tree: Path, *_: object, **__: object) -> tuple[Passed, ...]:
    """Take the place of every check, in the environment of the tests: none of it is renewed."""
    reproduce(tree, sys.executable, ("--allow-missing",))
    return (Passed("pipeline", 1.0),)


def import_table(project: Repository, server: TableServer, table: str) -> None:
    """Take the table from there by DVC's own command, in the place of the one that is here."""
    project.path(table).unlink(missing_ok=True)
    words = [sys.executable, "-m", "dvc", "import-url", server.url, table]
    done = subprocess.run(words, cwd=project.directory, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
