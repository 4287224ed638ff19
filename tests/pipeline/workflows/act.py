"""GitHub's workflows run by act on this machine, with no container and no network.

What runs for real: triggers, ``needs``, ``if``, matrices, outputs, expressions, reusable workflows,
composite actions, every ``run`` line. What is played: other people's actions (``actions/``) and
programs (``stand_ins.py``). What act does not know is held statically (``test_workflows.py``):
branch filters, permissions, environments, concurrency. act reads ``./`` where GitHub has ``$/``,
the repository at the commit that runs, and it does not know a concurrency group's ``queue`` (GitHub
has it since May 2026): so both are rewritten in the copy that it runs.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.pipeline.workflows.stand_ins import PROGRAMS, Call, Rule, StandIns, install
from tests.tools import require
from tests.tree import ROOT

ACTIONS = Path(__file__).parent / "actions"
QUEUE = re.compile(r"^ +queue: max\n", re.MULTILINE)
USES = re.compile(r"uses: ([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([0-9a-f]{40})")
TIMEOUT = 900.0
TOKEN = "token-of-this-run"  # noqa: S105 - of nothing


@dataclass(frozen=True, slots=True)
class Run:
    """A run of a workflow by act.

    Attributes:
        succeeded: the exit code was 0.
        jobs: the result of each job that ran, by its id; with a matrix, the worst.
        steps: the result of each step, by job and name.
        summary: what was written to the job summaries.
    """

    succeeded: bool
    jobs: Mapping[str, str]
    steps: Mapping[tuple[str, str], str]
    calls: tuple[Call, ...]
    summary: str
    output: str

    def lines(self) -> list[str]:
        """Every call as one would type it."""
        return [call.line for call in self.calls]


@dataclass(frozen=True, slots=True)
class Workflows:
    """A repository that holds the pipeline's files and nothing else of the project."""

    tree: Path
    folder: Path
    stand_ins: StandIns

    def run(
        self,
        name: str,
        event: str,
        payload: Mapping[str, Any],
        *,
        rules: Iterable[Rule] = (),
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Run:
        """Run one workflow file on one event.

        ``rules`` say what stand-ins answer (``stand_ins.py``); ``variables`` and ``secrets`` are
        the repository's, ``environment`` is what the runner's machine has besides.
        """
        self.stand_ins.lead(rules)
        event_path = self.folder / "event.json"
        event_path.write_text(json.dumps(payload))
        command = [*self._command(event, name), "--eventpath", str(event_path)]
        for key, value in (variables or {}).items():
            command += ["--var", f"{key}={value}"]
        for key, value in (secrets or {}).items():
            command += ["--secret", f"{key}={value}"]
        done = subprocess.run(
            command,
            cwd=self.tree,
            env={
                "HOME": str(self.folder / "home"),
                **self.stand_ins.environment(self.tree),
                **(environment or {}),
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT,
        )
        return _read(done, self.stand_ins.calls())

    def _command(self, event: str, name: str) -> list[str]:
        command = [str(Path(sys.executable).parent / "act"), event]
        command += ["--workflows", f".github/workflows/{name}", "--json", "--rm"]
        command += ["--platform", "ubuntu-latest=-self-hosted", "--container-daemon-socket", "-"]
        command += ["--no-cache-server", "--action-offline-mode"]
        command += ["--action-cache-path", str(self.folder / "cache")]
        command += ["--secret", f"GITHUB_TOKEN={TOKEN}"]
        for action, commit in sorted(pins(self.tree)):
            command += ["--local-repository", f"{action}@{commit}={ACTIONS / action}"]
        return command


def pins(tree: Path) -> set[tuple[str, str]]:
    """Every action that a file under ``.github`` uses, with its commit."""
    files = (tree / ".github").rglob("*.yml")
    return {pin for path in files for pin in USES.findall(path.read_text())}


def lay_out(directory: Path, programs: Sequence[str] = PROGRAMS) -> Workflows:
    """Make the repository and its stand-ins under ``directory``, in a tree that may be there."""
    tree, folder = directory / "tree", directory / "act"
    for made in (tree, folder / "home"):
        made.mkdir(parents=True, exist_ok=True)
    for name in (".github", ".ci"):
        shutil.copytree(ROOT / name, tree / name)
    for path in (tree / ".github").rglob("*.yml"):
        path.write_text(QUEUE.sub("", path.read_text().replace("uses: $/", "uses: ./")))
    stand_ins = install(directory / "stand-ins", tree, programs)
    _commit(tree)
    return Workflows(tree, folder, stand_ins)


def _commit(tree: Path) -> None:
    identity = {
        f"GIT_{who}_{member}": "test@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for member in ("NAME", "EMAIL")
    }
    environment = os.environ | identity
    for words in (
        ("init", "--quiet", "--initial-branch=main"),
        ("remote", "add", "origin", "https://github.com/owner/twinserve"),
        ("add", "--all", "--force"),
        ("commit", "--quiet", "--message", "tree"),
    ):
        subprocess.run([require("git"), *words], cwd=tree, env=environment, check=True)


def _read(done: subprocess.CompletedProcess[str], calls: tuple[Call, ...]) -> Run:
    jobs: dict[str, str] = {}
    steps: dict[tuple[str, str], str] = {}
    output = [done.stderr]
    summary = ""
    for line in done.stdout.splitlines():
        entry = json.loads(line) if line.startswith("{") else {"msg": line}
        output.append(str(entry.get("msg", "")))
        job = str(entry.get("jobID", ""))
        if "jobResult" in entry and jobs.get(job) != "failure":
            jobs[job] = entry["jobResult"]
        if "stepResult" in entry and len(entry.get("stepID", ())) == 1 and entry["stage"] == "Main":
            steps[job, entry["step"]] = entry["stepResult"]
        if entry.get("command") == "summary":
            summary += entry["content"]
    return Run(
        succeeded=done.returncode == 0,
        jobs=jobs,
        steps=steps,
        calls=calls,
        summary=summary,
        output="\n".join(output),
    )
