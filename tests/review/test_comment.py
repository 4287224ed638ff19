"""`review comment`: the right pull request, one comment, brought up to date in its place."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.review.reports import encoded, sample
from tests.tools import twinserve, write_program
from tests.tree import ROOT
from twinserve.review.render import MARKER

FAKE = Path(__file__).parent / "fake_gh.py"
COMMIT = "a" * 40
OTHERS = [
    {"id": 1, "issue": 7, "user": {"login": "reviewer"}, "body": "Nice.", "html_url": ""},
    {"id": 2, "issue": 7, "user": {"login": "forger"}, "body": f"{MARKER} mine", "html_url": ""},
    {"id": 3, "issue": 7, "user": {"login": "github-actions[bot]"}, "body": "?", "html_url": ""},
]


@dataclass(frozen=True)
class GitHub:
    """The fake and its state."""

    folder: Path

    def state(self) -> dict[str, Any]:
        """What GitHub holds."""
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    def ours(self) -> list[str]:
        """The texts of the comments that were written here."""
        return [
            comment["body"] for comment in self.state()["comments"] if comment["id"] > len(OTHERS)
        ]

    def comment(
        self, content: bytes | None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the command as the workflow does."""
        artifact = self.folder / "review.json"
        if content is not None:
            artifact.write_bytes(content)
        given = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "GH_STATE": str(self.folder / "state.json"),
            "GH_TOKEN": "the-token",
            "GITHUB_REPOSITORY": "owner/twinserve",
            "HEAD_SHA": COMMIT,
            "HEAD_BRANCH": "topic",
            "HEAD_OWNER": "stranger",
            "RUN_URL": "https://github.com/owner/twinserve/actions/runs/4711",
        }
        return twinserve("review", "comment", str(artifact), cwd=ROOT, env=given | environment)


@pytest.fixture
def github(tmp_path: Path) -> GitHub:
    """A fork's pull request among others of the same branch name, with people's comments."""
    write_program(tmp_path / "bin" / "gh", FAKE.read_text())
    pulls = [
        {"number": 5, "label": "owner:topic", "sha": COMMIT, "state": "open"},
        {"number": 6, "label": "stranger:topic", "sha": COMMIT, "state": "closed"},
        {"number": 7, "label": "stranger:topic", "sha": COMMIT, "state": "open"},
    ]
    (tmp_path / "state.json").write_text(json.dumps({"pulls": pulls, "comments": OTHERS}))
    return GitHub(tmp_path)


def test_comment_is_written_once_and_then_kept_up_to_date(github: GitHub) -> None:
    """Two runs leave one comment, with the later run's figures; other people's stay as they are."""
    assert github.comment(encoded(sample())).returncode == 0
    (first,) = github.ours()
    assert "`0.966667`" in first
    later = {**sample(), "metrics": [{"name": "accuracy", "base": "0.933333", "head": "1.0"}]}
    done = github.comment(encoded(later))
    assert done.returncode == 0, done.stderr
    assert done.stdout == "written: https://github.com/c/4\n"
    (second,) = github.ours()
    assert "`1.0`" in second
    assert "`0.966667`" not in second
    assert github.state()["comments"][: len(OTHERS)] == OTHERS
    assert {comment["issue"] for comment in github.state()["comments"]} == {7}


@pytest.mark.parametrize(
    "elsewhere", [{"HEAD_SHA": "b" * 40}, {"HEAD_BRANCH": "gone"}, {"HEAD_OWNER": "nobody"}]
)
def test_pull_request_that_moved_on_is_left_alone(
    github: GitHub, elsewhere: dict[str, str]
) -> None:
    """A run that is not of an open pull request's present commit says nothing, and is no error."""
    done = github.comment(encoded(sample()), **elsewhere)
    assert (done.returncode, github.ours()) == (0, [])
    assert "nothing to say" in done.stdout


def test_run_without_figures_is_no_error(github: GitHub) -> None:
    """A run that failed before it had any left no artifact."""
    done = github.comment(None)
    assert (done.returncode, github.ours()) == (0, [])
    assert done.stdout == "that run left no figures: nothing to say\n"


def test_artifact_that_does_not_fit_is_not_rendered(github: GitHub) -> None:
    """One line, exit code 1, and GitHub has not been asked to do anything."""
    done = github.comment(encoded({**sample(), "script": "<script>"}))
    assert (done.returncode, github.ours()) == (1, [])
    assert done.stderr == "error: the report does not fit its schema at '$'\n"


def test_refusal_of_github_is_a_line(github: GitHub) -> None:
    """What was asked, and what GitHub said."""
    done = github.comment(encoded(sample()), GH_TOKEN="expired")  # noqa: S106 - of nothing
    assert done.returncode == 1
    assert "HTTP 401: Bad credentials" in done.stderr
    assert done.stderr.count("\n") == 1


def test_missing_gh_and_missing_variables_are_lines(github: GitHub) -> None:
    """What to install, what to set."""
    done = github.comment(encoded(sample()), PATH="/nowhere")
    assert done.stderr == "error: gh is not installed; GitHub's runners have it\n"
    done = github.comment(encoded(sample()), HEAD_SHA="", RUN_URL="")
    assert done.stderr == "error: set HEAD_SHA, RUN_URL, as pr-comment.yml does\n"
