"""Push, fresh clone, fetch with a real server of each scheme; and what each fault ends in."""

import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from dvc.repo import Repo

from tests.delivery.data.projects import CONTENT, TABLE, Project, project
from tests.pipeline.remotes.proxy import Proxy
from tests.pipeline.remotes.server import Options, Server

FETCH = (
    "from twinserve.config.errors import run_as_command;"
    "from twinserve.delivery.data.fetch import fetch_sources;"
    "run_as_command(fetch_sources)"
)
Remote = tuple[Server, Path]
QUICK = [pytest.param("http", id="http")]
ALL = [
    *QUICK,
    *(
        pytest.param(name, id=name, marks=pytest.mark.nightly)
        for name in ("azure", "gs", "s3", "ssh")
    ),
]
LOGINS = ["azure", "http", "s3", "ssh"]


def log_in(made: Project, options: Options) -> None:
    """What a machine keeps for itself of a remote."""
    with Repo(str(made.directory)) as repo, repo.config.edit("local", validate=False) as local:
        local["remote"].setdefault("store", {}).update(options)


def run(
    made: Project, python: Path, variables: Mapping[str, str], *words: str
) -> subprocess.CompletedProcess[str]:
    """A command in the project, with no variables but the machine's and those."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(made.directory), **variables}
    return subprocess.run(
        [str(python), *words],
        cwd=made.directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def pushed(remote: Remote, directory: Path) -> Project:
    """A project whose sources are there, by DVC's own command."""
    server, python = remote
    made = project(directory, directory / "unused", server.url)
    with Repo(str(made.directory)) as repo, repo.config.edit("repo", validate=False) as options:
        options["remote"]["store"].update(server.options)
    log_in(made, server.login)
    done = run(made, python, server.environment, "-m", "dvc", "push")
    assert done.returncode == 0, done.stdout + done.stderr
    return made


def name_of(made: Project) -> str:
    """The table's object, as the server knows it."""
    return str(made.object_of(TABLE).relative_to(made.remote))


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a fetch ends with."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    return line


@pytest.mark.parametrize("server", ALL, indirect=True)
def test_fresh_clone_fetches_what_another_machine_has_pushed(
    server: Remote, tmp_path: Path
) -> None:
    """Byte for byte, in an environment of the scheme's own lock."""
    clone = pushed(server, tmp_path / "one").clone(tmp_path / "two")
    log_in(clone, server[0].login)
    done = run(clone, server[1], server[0].environment, "-c", FETCH)
    assert done.returncode == 0, done.stdout + done.stderr
    assert clone.path(TABLE).read_text() == CONTENT
    assert clone.path("pictures/two").read_text() == "22"


@pytest.mark.parametrize("server", ALL, indirect=True)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(
            None, "neither here nor in the remote store", id="gone", marks=pytest.mark.nightly
        ),
        pytest.param(CONTENT[:5].encode(), "was refused", id="cut", marks=pytest.mark.nightly),
        pytest.param(b"a,b\n1,3\n", "was refused", id="tampered with"),
    ],
)
def test_object_that_is_not_what_was_pushed_is_one_line(
    server: Remote, tmp_path: Path, content: bytes | None, said: str
) -> None:
    """It comes into no tree, and the line says whose turn it is."""
    made = pushed(server, tmp_path / "one")
    server[0].write(name_of(made), content)
    clone = made.clone(tmp_path / "two")
    log_in(clone, server[0].login)
    line = refusal(run(clone, server[1], server[0].environment, "-c", FETCH))
    assert line.startswith(f"error: {TABLE}: ")
    assert said in line
    assert "`dvc push data/table.csv.dvc` on the machine that has it" in line
    assert not clone.path(TABLE).exists()


@pytest.mark.nightly
@pytest.mark.parametrize("server", LOGINS, indirect=True)
@pytest.mark.parametrize("given", ["none", "wrong"])
def test_who_is_not_let_in_is_told_in_a_line(server: Remote, tmp_path: Path, given: str) -> None:
    """Without a login, and with a wrong one."""
    clone = pushed(server, tmp_path / "one").clone(tmp_path / "two")
    assert server[0].wrong is not None
    login, variables = server[0].wrong if given == "wrong" else ({}, {})
    if given == "none":
        variables = {name: text for name, text in server[0].wrong[1].items() if "KEY" not in name}
    log_in(clone, login)
    line = refusal(run(clone, server[1], variables, "-c", FETCH))
    assert "cannot be read (" in line
    assert "log in or ask for access" in line
    assert not clone.path(TABLE).exists()


@pytest.mark.nightly
@pytest.mark.parametrize("server", ALL, indirect=True)
def test_server_that_is_away_is_one_line(server: Remote, tmp_path: Path) -> None:
    """Nothing listens there any more."""
    clone = pushed(server, tmp_path / "one").clone(tmp_path / "two")
    log_in(clone, server[0].login)
    server[0].stop()
    line = refusal(run(clone, server[1], server[0].environment, "-c", FETCH))
    assert "the remote store (" in line
    assert "cannot be read (" in line


def through(clone: Project, proxy: Proxy, port: int) -> None:
    """Have the clone reach its remote by the proxy."""
    config = clone.path(".dvc/config")
    config.write_text(config.read_text().replace(f":{port}", f":{proxy.port}"))


@pytest.mark.nightly
@pytest.mark.parametrize("server", QUICK, indirect=True)
def test_server_that_goes_away_half_way_is_one_line_and_loses_nothing(
    server: Remote, tmp_path: Path, write_large: Callable[[Path], None]
) -> None:
    """What came whole is kept, and what was cut is fetched when the server is back."""
    made = project(tmp_path / "one", tmp_path / "unused", server[0].url)
    write_large(made.path(TABLE))
    with Repo(str(made.directory)) as repo:
        repo.add([str(made.path(TABLE))])
        with repo.config.edit("repo", validate=False) as options:
            options["remote"]["store"].update(server[0].options)
    log_in(made, server[0].login)
    assert run(made, server[1], {}, "-m", "dvc", "push").returncode == 0
    clone = made.clone(tmp_path / "two")
    log_in(clone, server[0].login)
    port = int(server[0].url.rpartition(":")[2].partition("/")[0])
    with Proxy(port, most=500_000) as proxy:
        through(clone, proxy, port)
        line = refusal(run(clone, server[1], {}, "-c", FETCH))
        assert line.startswith(f"error: {TABLE}: ")
        assert not clone.path(TABLE).exists()
        kept = {path.name for path in clone.path(".dvc/cache").rglob("*") if path.is_file()}
        assert clone.object_of(TABLE).name not in kept
        proxy.most = None
        assert run(clone, server[1], {}, "-c", FETCH).returncode == 0
    assert clone.path(TABLE).read_bytes() == made.path(TABLE).read_bytes()


@pytest.fixture
def write_large() -> Callable[[Path], None]:
    """Makes a table of some megabytes."""

    def write(path: Path) -> None:
        path.write_text(
            "a,b\n" + "".join(f"{one},{one * 7919 % 104729}\n" for one in range(200_000))
        )

    return write
