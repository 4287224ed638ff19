"""What GitHub has switched off in a fork is said, each thing with its cure."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.workflows.workflow_files import read_files, texts_of
from tests.tools import run, write_program
from tests.tree import ROOT
from twinserve.delivery.cloud.schedules import SCHEDULED

# A stand-in for `gh api --method GET PATH`, which answers from files.
GH = """\
import json, os, sys
answers = json.loads(os.environ["ANSWERS"])
path = sys.argv[4].partition("?")[0]
if path not in answers:
    sys.exit("HTTP 404: Not Found")
json.dump(answers[path], sys.stdout)
"""


def tell(
    folder: Path, states: dict[str, str], *, issues: bool = True, project: str = "a-project"
) -> subprocess.CompletedProcess[str]:
    """Run the command as deploy.yml does: with a Python that has nothing installed."""
    write_program(folder / "gh", GH)
    listed = [
        {"path": f".github/workflows/{name}", "state": state} for name, state in states.items()
    ]
    answers: dict[str, Any] = {
        "repos/owner/fork/actions/workflows": {"workflows": listed},
        "repos/owner/fork": {"has_issues": issues},
    }
    return run(
        [sys.executable, "-S", "-m", "twinserve", "schedules"],
        cwd=ROOT,
        env={
            "PATH": f"{folder}:{os.defpath}",
            "ANSWERS": json.dumps(answers),
            "GITHUB_REPOSITORY": "owner/fork",
            "GOOGLE_CLOUD_PROJECT": project,
        },
    )


ON = dict.fromkeys(SCHEDULED, "active")


def test_all_on_is_one_line(tmp_path: Path) -> None:
    """Where nothing is off, the summary says so."""
    done = tell(tmp_path, {**ON, "pr.yml": "disabled_manually"})
    assert (done.stdout, done.stderr) == ("- Schedules and issues are on.\n", "")


@pytest.mark.parametrize("state", ["disabled_fork", "disabled_inactivity", "disabled_manually"])
def test_schedule_that_is_off_is_named_with_its_cure(tmp_path: Path, state: str) -> None:
    """A fork's schedules are off until somebody enables them; the line says how."""
    done = tell(tmp_path, {**ON, "monitor.yml": state})
    assert done.stdout == (
        f"- `monitor.yml` is off ({state}), so nobody looks for drift and errors: "
        "`gh workflow enable monitor.yml`\n"
    )


def test_everything_that_is_off_is_said(tmp_path: Path) -> None:
    """A fresh fork: no project, schedules that GitHub has never seen, no issues."""
    lines = tell(tmp_path, {}, issues=False, project="").stdout.splitlines()
    assert lines[0].startswith("- No Google Cloud project is named")
    assert [line.split("`")[1] for line in lines[1:-1]] == list(SCHEDULED)
    assert lines[-1].endswith("`gh repo edit owner/fork --enable-issues`")


def test_refusal_is_an_error(tmp_path: Path) -> None:
    """What GitHub does not tell is not taken for switched on."""
    tell(tmp_path, ON)
    done = run(
        [sys.executable, "-S", "-m", "twinserve", "schedules", "--repository=owner/other"],
        cwd=ROOT,
        env={"PATH": f"{tmp_path}:{os.defpath}", "ANSWERS": "{}"},
        code=1,
    )
    assert "GitHub refuses" in done.stderr


def test_every_schedule_is_known() -> None:
    """Each workflow with a schedule is one of those whose loss is said."""
    workflows = read_files(texts_of()).workflows
    assert {name for name, workflow in workflows.items() if "schedule" in workflow["on"]} == set(
        SCHEDULED
    )
