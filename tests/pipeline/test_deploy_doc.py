"""docs/deploy.md followed from top to bottom against the fake: each command prints what it says.

At night; on each change, every command in it is one that the project has.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.google.state import PROJECT
from tests.pipeline import story
from tests.pipeline.cloud.repository import describe
from tests.pipeline.story import Story
from tests.pipeline.workflows.commands import fault
from tests.tools import write_program
from tests.tree import ROOT

DOCUMENT = ROOT / "docs" / "deploy.md"
# A person's, GitHub's, or one that makes what only Google runs.
ELSEWHERE = ("gcloud auth login", "git push", "gcloud builds triggers create")


def commands() -> list[tuple[str, str]]:
    """Every command of the console blocks, and what it prints, in order."""
    text = DOCUMENT.read_text().replace("my-project", PROJECT)
    steps = []
    for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
        for step in re.split(r"^\$ ", block.replace("\\\n", " "), flags=re.MULTILINE)[1:]:
            command, _, output = step.partition("\n")
            steps.append((command, output))
    return steps


def pattern(output: str) -> str:
    """A regular expression for an output in which `…` is anything."""
    return ".*".join(re.escape(part) for part in output.strip().split("…"))


class Follower:
    """Whoever reads the document and types what it says, with Docker on their machine."""

    def __init__(self, followed: Story) -> None:
        self.story = followed
        self.docker = followed.folder / "docker.json"
        folder = followed.folder / "own"
        write_program(folder / "docker", story.DOCKER.read_text())
        google = followed.project.google.environment
        path = f"{Path(sys.executable).parent}{os.pathsep}{folder}{os.pathsep}{google['PATH']}"
        self.environment = {**google, "PATH": path, "DOCKER_STATE": str(self.docker)}

    def run(self, command: str) -> str:
        """The output of a command."""
        if " push" in command:
            self.story.give_digests(self.docker)
        done = subprocess.run(
            shlex.split(command),
            cwd=self.story.project.tree,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}"
        return done.stdout

    def release_another(self) -> None:
        """A second version, so that there is one to go back from."""
        params = self.story.project.tree / "params.yaml"
        text = params.read_text()
        assert "version: v1.0" in text
        params.write_text(text.replace("version: v1.0", "version: v1.1"))
        for words in ("repro", "build", "push", "release"):
            project = "" if words == "repro" else f" --project {PROJECT}"
            self.run(f"twinserve {words}{project}")


def test_commands_of_the_document_are_the_projects() -> None:
    """Each, with its options, is one that `twinserve` takes."""
    lines = [command for command, _ in commands() if command.startswith("twinserve")]
    assert len(lines) > 5
    assert [lack for line in lines if (lack := fault(f".venv/bin/{line}"))] == []


@pytest.mark.nightly
def test_document_is_followed_from_top_to_bottom(repository: Story) -> None:
    """From an empty project to two endpoints, measured, rolled back, and all gone again."""
    google = repository.project.google
    google.state.buckets.clear()
    google.state.accounts.clear()
    google.state.policies.clear()
    google.state.github["OWNER/REPO"] = describe("OWNER/REPO")
    reader = Follower(repository)
    # Which makes `twinserve`, as the document says.
    reader.run("twinserve repro")
    done: list[str] = []
    for command, output in commands():
        if command.startswith(ELSEWHERE):
            continue
        if "rollback" in command and not any("rollback" in earlier for earlier in done):
            reader.release_another()
        printed = reader.run(command)
        assert re.search(pattern(output), printed, re.DOTALL), f"{command}\n{printed}"
        done.append(command)
    assert google.state.services == {}
    assert google.state.buckets == {}
    assert google.state.repositories == {}
    words = {shlex.split(command)[1] for command in done}
    assert words >= {"bootstrap", "doctor", "submit", "build", "push", "release", "status", "probe"}
    assert words >= {"rollback", "cleanup", "repro"}
