"""What docs/data.md shows of two clones and of a fork is what a run of those commands prints."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Show
from tests.pipeline.remotes.http_store import PASSWORD, USER, served
from tests.pipeline.remotes.server import HOST
from tests.pipeline.teams.clones import Clone, team
from tests.pipeline.workflows.commands import fault
from tests.tools import require
from tests.tree import ROOT

DOCUMENT = ROOT / "docs" / "data.md"
ADDRESS = "https://store.example.com/dvc"
# Each of another person's, or of a fork's run.
CLONES = ("one", "two", "fork")
LIMIT_S = 300


def steps() -> list[tuple[str, str, str]]:
    """In whose clone, the command, and what it prints, in order."""
    blocks = re.findall(r"```console\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    prompt = re.compile(rf"^({'|'.join(CLONES)})\$ ", re.MULTILINE)
    found = []
    for block in blocks:
        parts = prompt.split(block.replace("\\\n", " "))[1:]
        for who, step in zip(parts[::2], parts[1::2], strict=True):
            command, _, output = step.partition("\n")
            found.append((who, command, output))
    return found


def pattern(output: str) -> str:
    """A regular expression for an output in which `…` is anything."""
    return ".*".join(re.escape(part.strip("\n")) for part in output.strip().split("…"))


@pytest.fixture
def clones(tmp_path: Path) -> Iterator[dict[str, Clone]]:
    """Two that share a remote behind a password and a repository, and a fork that knows neither."""
    with served(tmp_path / "server") as store:
        url = f"http://{HOST}:{store.port}/data"
        first = team(tmp_path, url, {"auth": "basic", "user": USER}, {"password": PASSWORD})
        first.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin"))
        first.git("remote", "add", "origin", str(tmp_path / "origin"))
        first.git("fetch", "--quiet", "origin")
        first.git("branch", "--quiet", "--set-upstream-to=origin/main")
        made = {"one": first}
        for name in CLONES[1:]:
            first.git("clone", "--quiet", str(tmp_path / "origin"), str(tmp_path / name))
            made[name] = Clone(tmp_path / name)
            made[name].share_environments()
        made["two"].run("dvc", "remote", "modify", "--local", "store", "password", PASSWORD)
        for clone in made.values():
            clone.path(".venv").symlink_to(Path(sys.executable).parent.parent)
            for name, text in (("user.name", "team"), ("user.email", "team@example.org")):
                clone.git("config", name, text)
        yield made


def typed(clone: Clone, command: str) -> str:
    """What a command prints in a clone, as in a terminal: it may fail."""
    done = subprocess.run(
        [require("bash"), "-c", command],
        cwd=clone.directory,
        env={
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(clone.directory.parent),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout


def test_commands_of_the_transcripts_are_the_projects() -> None:
    """Each `twinserve` with its options; and both transcripts are there."""
    taken = steps()
    assert {who for who, _, _ in taken} == set(CLONES)
    lines = [
        found for _, command, _ in taken for found in re.findall(r"twinserve [^&|;]+", command)
    ]
    assert [said for line in lines if (said := fault(f".venv/bin/{line.strip()}"))] == []


@pytest.mark.nightly
def test_transcripts_are_what_a_run_prints(clones: dict[str, Clone], show: Show) -> None:
    """Changed in one clone, reviewed and reproduced in the other; a fork that has no password."""
    (address,) = re.findall(r"url = (\S+)", clones["one"].path(".dvc/config").read_text())
    whole = ""
    for who, command, output in steps():
        printed = typed(clones[who], command).replace(address, ADDRESS)
        whole += f"{who}$ {command}\n{printed}"
        show("transcripts", whole)
        assert re.fullmatch(f"{pattern(output)}\\s*", printed, re.DOTALL), f"{command}\n{printed}"
