"""Fresh clones of a project whose sources are in a remote, and what a fetch in one ends with."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml
from dvc.repo import Repo

from tests.delivery.data.projects import PIPELINE, TABLE, Project, project
from tests.pipeline.remotes.proxy import Proxy
from tests.pipeline.remotes.server import Login, Server
from tests.pipeline.remotes.told import AWAY, HALF_WAY
from twinserve.targets.process import free_port

# A client that waits between its attempts waits a minute; none waits longer than this.
LIMIT_S = 150
FETCH = (
    "from twinserve.config.errors import run_as_command;"
    "from twinserve.delivery.data.fetch import fetch_sources;"
    "run_as_command(fetch_sources)"
)
LARGE = "data/large.csv"
EARLIER = "what a stage made before"


@dataclass(frozen=True)
class Attempt:
    """A fetch that is under way in a clone.

    Attributes:
        clone: where.
        process: leads a group of its own.
    """

    clone: Project
    process: subprocess.Popen[str]

    def ended(self) -> tuple[int, str]:
        """Its exit code and what it said on stderr; it is waited for, within bounds."""
        try:
            _, told = self.process.communicate(timeout=LIMIT_S)
        except subprocess.TimeoutExpired:
            self.end()
            raise AssertionError(f"the fetch has not ended after {LIMIT_S} s") from None
        return self.process.returncode, told

    def end(self) -> None:
        """End it with all that it has started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def refusal(self) -> str:
        """The one line that it ends with; what was made before is as it was."""
        code, told = self.ended()
        assert code == 1, told
        assert "Traceback" not in told
        (line,) = [line for line in told.splitlines() if line.startswith("error: ")]
        assert line.endswith("nothing that was made before has changed")
        assert self.clone.path("out").read_text() == EARLIER
        return line


@dataclass(frozen=True)
class Remote:
    """A server, who can reach it, and the project whose sources were pushed there.

    Attributes:
        python: of an environment with the scheme's plug-in.
        made: the project.
    """

    scheme: str
    server: Server
    python: Path
    made: Project

    def clone(self, directory: Path, login: Login | None = None) -> Project:
        """Somebody else's, with their login, and an output of their own."""
        clone = self.made.clone(directory)
        configure(clone, self.server, login or self.server.login)
        clone.path("out").write_text(EARLIER)
        return clone

    def through(self, port: int) -> "Remote":
        """The same for whoever comes by another port."""
        return replace(self, server=self.server.through(port))

    def fetch(self, clone: Project, login: Login | None = None) -> Attempt:
        """Fetch what is missing in a clone."""
        return start(clone, self.python, login or self.server.login)

    def name_of(self, source: str) -> str:
        """The object of a source, as the server knows it."""
        return str(self.made.object_of(source).relative_to(self.made.remote))


def start(clone: Project, python: Path, login: Login, *words: str) -> Attempt:
    """A command in the project, else a fetch, with no variables but the machine's and those."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(clone.directory), **login.variables}
    process = subprocess.Popen(
        [str(python), *(words or ("-c", FETCH))],
        cwd=clone.directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Attempt(clone, process)


def configure(made: Project, server: Server, login: Login) -> None:
    """Name the remote for everybody, and what this machine keeps for itself."""
    with Repo(str(made.directory)) as repo:
        with repo.config.edit("repo", validate=False) as options:
            options["remote"]["store"] = {"url": server.url, **server.options}
        with repo.config.edit("local", validate=False) as options:
            options["remote"]["store"] = dict(login.options)


def pushed(server: Server, python: Path, directory: Path) -> Project:
    """A project whose sources are there, one of them of some megabytes, by DVC's own command."""
    made = project(directory, directory / "unused", server.url)
    rows = "".join(f"{one},{one * 7919 % 104729}\n" for one in range(200_000))
    made.path(LARGE).write_text(f"a,b\n{rows}")
    stage = PIPELINE["stages"]["read"]
    more = {"stages": {"read": stage | {"deps": [*stage["deps"], LARGE]}}}
    made.path("dvc.yaml").write_text(yaml.safe_dump(more))
    with Repo(str(made.directory)) as repo:
        repo.add([str(made.path(LARGE))])
    configure(made, server, server.login)
    code, told = start(made, python, server.login, "-m", "dvc", "push").ended()
    assert code == 0, told
    return made


@dataclass(frozen=True)
class Begun:
    """A fetch for each fault of a login or of the way to the server.

    Attributes:
        attempts: by the fault.
        way: breaks down in the middle of the large table.
    """

    attempts: Mapping[str, Attempt]
    way: Proxy


def begin(remote: Remote, way: Proxy, folder: Path) -> Iterator[tuple[str, Attempt]]:
    """Each in a clone of its own: with the logins that are refused, and by two other ways."""
    for name, login in remote.server.refused.items():
        yield name, remote.fetch(remote.clone(folder / name, login), login)
    by_nothing = remote.through(free_port(0))
    yield AWAY, by_nothing.fetch(by_nothing.clone(folder / AWAY))
    by_the_way = remote.through(way.port)
    clone = by_the_way.clone(folder / HALF_WAY)
    # So that nothing is on the way but the large table.
    for source in (TABLE, "pictures", "unread"):
        clone.path(f"{source}.dvc").unlink()
    yield HALF_WAY, by_the_way.fetch(clone)
