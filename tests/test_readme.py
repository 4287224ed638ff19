"""What the pages show is run, and prints what it says; `…` there stands for anything.

It tells of the model that the tests have (``tests/project``), whatever a fork serves by now.
"""

import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tools import require, run
from tests.tree import ROOT, TREE, alone
from twinserve.targets.process import free_port
from twinserve.targets.protocol import Endpoint
from twinserve.targets.ready import wait_until_answering

README = (ROOT / "README.md").read_text()
# Commands and what they print stand in these.
PAGES = ("README.md", "docs/asking.md", "docs/yours.md", "CONTRIBUTING.md")
SHOWN = "\n".join((ROOT / name).read_text() for name in PAGES)
# These are what CI and whoever reads this are running already, and one that takes minutes.
NOT_HERE = ("make run", "make test", "make lint")
FOREGROUND = "make serve"
ROW = re.compile(r"^\| (\d{3}) \|.*\| `(.*)` \|$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """Commands that are run one after the other in one shell, and what each prints."""

    commands: tuple[str, ...]
    outputs: tuple[str, ...]


def blocks() -> list[Block]:
    """The console blocks, in their order."""
    shown = []
    for text in re.findall(r"```console\n(.*?)```", SHOWN, re.DOTALL):
        commands, outputs = [], []
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            commands.append(command)
            outputs.append(output)
        shown.append(Block(tuple(commands), tuple(outputs)))
    return shown


def pattern(output: str) -> str:
    """A regular expression for an output in which `…` is anything."""
    return ".*".join(map(re.escape, output.strip().split("…")))


def environment() -> dict[str, str]:
    """A shell's environment, with nothing of the `make` that may be running this."""
    given = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    # The environment belongs to whoever runs this, however old it is: not to be made anew here.
    return {**given, "MAKEFLAGS": "--old-file=.venv/ready"}


def shell(script: str) -> str:
    """What a script prints, with what goes wrong."""
    with alone():
        done = run(
            [require("bash"), "-e", "-o", "pipefail", "-c", script],
            cwd=TREE,
            env=environment(),
            code=0,
        )
    return done.stdout


@contextmanager
def serving(ports: dict[str, str]) -> Iterator[None]:
    """`make serve` on other ports than the README's, which may be taken."""
    process = subprocess.Popen(
        [require("make"), "serve"],
        cwd=TREE,
        env={**environment(), "SERVICE_PORT": ports["8080"], "FUNCTION_PORT": ports["8081"]},
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )

    def fault() -> str | None:
        return None if process.poll() is None else "make serve has ended"

    try:
        for port in ports.values():
            url = f"http://localhost:{port}"
            wait_until_answering(Endpoint("served", url, time.monotonic_ns(), fault=fault))
        yield
    finally:
        os.killpg(process.pid, 2)
        process.wait()


@pytest.fixture(scope="module")
def ports(dist: Path) -> Iterator[dict[str, str]]:
    """Where the README's ports are, while its servers run."""
    assert dist.is_dir()
    require("curl")
    chosen = {"8080": str(free_port()), "8081": str(free_port())}
    with serving(chosen):
        yield chosen


def relocated(command: str, ports: dict[str, str]) -> str:
    """The command, asking where the servers really are."""
    for shown, real in ports.items():
        command = command.replace(f":{shown}", f":{real}")
    return command


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.commands[0][:30])
def test_readme_commands_print_what_it_says(block: Block, ports: dict[str, str]) -> None:
    """Each console block runs from its first command to its last."""
    if block.commands[0].startswith((*NOT_HERE, FOREGROUND)):
        assert all(command.startswith((*NOT_HERE, FOREGROUND)) for command in block.commands)
        return
    separator = "--- next ---"
    script = f"\necho; echo '{separator}'\n".join(
        ":" if command.startswith(NOT_HERE) else relocated(command, ports)
        for command in block.commands
    )
    printed = shell(script).split(separator)
    for output, expected in zip(printed, block.outputs, strict=True):
        assert re.fullmatch(pattern(expected), output.strip(), re.DOTALL), output


@pytest.mark.parametrize(("status", "command"), ROW.findall(SHOWN))
def test_readme_shows_how_to_get_each_status(
    status: str, command: str, ports: dict[str, str]
) -> None:
    """The table's curl line gives the row's status."""
    script = relocated(command.replace("\\|", "|"), ports)
    # curl stops sending once it is refused, and `head` with it.
    assert shell(f"set +o pipefail; {script}").strip() == status


def test_readme_names_every_folder() -> None:
    """The table of folders is the tree."""
    table = set(re.findall(r"`([a-z]+)/`", README.partition("## Where things are")[2]))
    ignored = set(re.findall(r"^/?([a-z_]+)/$", (ROOT / ".gitignore").read_text(), re.MULTILINE))
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and path.name[0] not in "._"}
    assert folders - ignored - {"data", "evaluation", "models"} <= table


def test_readme_shows_both_commands_first() -> None:
    """What makes it and what tests it stand on the first screen."""
    first = README.partition("## Ask it")[0]
    assert "$ make run\n" in first
    assert "$ make test\n" in first
