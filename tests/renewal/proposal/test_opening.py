"""The pull request of a renewal, by real git and a strict fake of GitHub's API."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.delivery.update.forks import Repository
from tests.renewal.proposal.hub import BRANCH, Hub
from tests.review.reports import sample
from tests.tree import ROOT
from twinserve.config.errors import UserError
from twinserve.renewal.branch import Branch
from twinserve.renewal.proposal.outcome import write_bundle
from twinserve.renewal.proposal.verdict import Verdict, tell
from twinserve.targets.git import Checkout

FORBIDDEN = "GitHub Actions is not permitted to create or approve pull requests (HTTP 403)"


def test_pull_request_is_opened_with_the_report(hub: Hub) -> None:
    """Its checks are run here; what comes from outside stands in code spans."""
    commit = hub.renew()
    opened = hub.open()
    base = hub.origin.git("rev-parse", "main")
    assert (opened.checks, opened.number, opened.base, opened.head) == ("here", 1, base, commit)
    assert hub.origin.git("rev-parse", BRANCH) == commit
    (made,) = hub.read()["pulls"]
    assert (made["title"], made["head"], made["base"]) == ("Renew alpha", BRANCH, "main")
    assert "| `alpha` | `1.0` | `2.0` | `dev` |" in made["body"]
    assert "`error: @everyone <img src=x>`" in made["body"]
    assert "changed under an unchanged version" in made["body"]
    assert "Approve workflows to run" in made["body"]


def test_there_is_one_pull_request_brought_up_to_date(hub: Hub) -> None:
    """The branch is made anew upon it."""
    hub.renew()
    hub.open()
    second = hub.renew(text="alpha==2.1\n")
    assert hub.open().line.startswith("brought up to date: ")
    assert len(hub.read()["pulls"]) == 1
    assert hub.origin.git("rev-parse", BRANCH) == second


def test_app_leaves_the_checks_to_github(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run as of anybody's pull request."""
    monkeypatch.setenv("APP", "Iv1.a")
    hub.renew()
    assert hub.open().checks == "github"
    assert "Approve workflows" not in hub.read()["pulls"][0]["body"]


def test_commit_of_a_person_is_never_overwritten(hub: Hub) -> None:
    """The branch stays as it is, and that is said."""
    hub.renew()
    hub.open()
    hub.origin.git("switch", "--quiet", BRANCH)
    hub.origin.write("mend.txt", "")
    mine = hub.origin.commit("Mend it")
    hub.origin.git("switch", "--quiet", "main")
    hub.renew(text="alpha==2.1\n")
    opened = hub.open()
    assert (opened.checks, opened.number) == ("none", None)
    assert f"left as it is: it has a commit of a person's ({mine[:7]}" in opened.line
    assert hub.origin.git("rev-parse", BRANCH) == mine


def test_repository_without_the_right_gets_a_link(hub: Hub) -> None:
    """The branch is pushed; one issue opens the pull request."""
    hub.refuse("POST pulls", FORBIDDEN)
    commit = hub.renew()
    for _ in range(2):
        assert hub.open().checks == "none"
    assert hub.origin.git("rev-parse", BRANCH) == commit
    (issue,) = hub.read()["issues"]
    assert "https://github.com/owner/twinserve/compare/main...renew/packages" in issue["body"]


def test_issue_with_the_link_is_closed_once_the_pull_request_is_open(hub: Hub) -> None:
    """Whoever has allowed it meanwhile need not tidy up."""
    hub.refuse("POST pulls", FORBIDDEN)
    hub.renew()
    hub.open()
    hub.change(refused={})
    assert hub.open().number == 1
    assert [issue["state"] for issue in hub.read()["issues"]] == ["closed"]


def test_repository_without_issues_has_the_link_in_the_line(hub: Hub) -> None:
    """As GitHub makes every fork."""
    hub.change(refused={"POST pulls": FORBIDDEN, "GET issues": "Issues are disabled (HTTP 410)"})
    hub.renew()
    line = hub.open().line
    assert "nor an issue" in line
    assert "https://github.com/owner/twinserve/compare/main...renew/packages" in line


def test_token_that_may_not_push_opens_nothing(hub: Hub) -> None:
    """GitHub's own words are told."""
    hook = hub.origin.path(".git/hooks/pre-receive")
    hook.write_text("#!/bin/sh\necho 'Permission to owner/twinserve.git denied' >&2\nexit 1\n")
    hook.chmod(0o755)
    hub.renew()
    with pytest.raises(UserError, match=r"^git push .*Permission to owner/twinserve\.git denied"):
        hub.open()
    assert hub.read()["pulls"] == []


def test_other_refusal_is_an_error(hub: Hub) -> None:
    """GitHub's own words are told."""
    hub.refuse("POST pulls", "Validation Failed (HTTP 422)")
    hub.renew()
    with pytest.raises(UserError, match="Validation Failed"):
        hub.open()


def test_refused_renewal_is_one_issue_until_the_next_goes_through(hub: Hub) -> None:
    """Its line stands in a code span."""
    hub.leave("refused", "pipeline: error: <b>parity</b>")
    hub.open()
    hub.open()
    (issue,) = hub.read()["issues"]
    assert issue["title"] == "The renewal of packages is refused"
    assert "`pipeline: error: <b>parity</b>`" in issue["body"]
    hub.leave("nothing", "nothing is newer")
    assert hub.open().line == "nothing is newer; closed: issue 1"
    assert hub.read()["issues"][0]["state"] == "closed"


LOST = {
    "taken_at": "2026-11-25T05:53:00+00:00",
    "commit": "a" * 40,
    "model": "iris",
    "version": "v1.0",
    "loss": "wrong",
    "rows": 40,
    "champion": 0.1,
    "challenger": 0.3,
    "difference": {"value": 0.2, "low": 0.1, "high": 0.3},
}


def test_model_that_lost_is_kept_in_the_history(hub: Hub) -> None:
    """Of what is deployed, beside the measurements; no pull request is opened."""
    hub.checkout.replace("params.yaml", "  deployed: project ", "  deployed: kept ")
    hub.leave("nothing", "the rows do not come in", kind="data", challenge=LOST)
    line = hub.open().line
    name = "kept/challenges/20261125T055300Z-aaaaaaaaaaaa-challenge.json"
    assert line == f"the rows do not come in; kept: {name}"
    assert json.loads(hub.checkout.path(name).read_text())["challenger"] == 0.3
    assert hub.read()["pulls"] == []


def test_workflow_is_told_by_outputs_and_summary(hub: Hub, tmp_path: Path) -> None:
    """Of the job that may write: a line that came from outside stands in a code span."""
    hub.leave("nothing", "the rows do not come in: <b>worse</b>", kind="data")
    said = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    start = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from twinserve.__main__ import main"
    words = [sys.executable, "-c", f"{start}; main(sys.argv[1:])", "renew", "open", str(hub.left)]
    done = subprocess.run(
        words, env={**os.environ, **said}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    summary = (tmp_path / "GITHUB_STEP_SUMMARY").read_text()
    assert summary == "`the rows do not come in: <b>worse</b>`\n"
    assert "checks=none\n" in (tmp_path / "GITHUB_OUTPUT").read_text()


def test_model_that_lost_where_no_project_is_named_is_told_alone(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default place is a bucket of the project's."""
    monkeypatch.delenv("GOOGLE_CLOUD_PROJECT", raising=False)
    hub.leave("nothing", "the rows do not come in", kind="data", challenge=LOST)
    assert hub.open().line.endswith("; kept in no history, since no project is named")


def test_model_that_lost_by_figures_that_do_not_fit_is_refused(hub: Hub) -> None:
    """They are a stranger's as all that is left."""
    with pytest.raises(ValidationError):
        hub.leave("nothing", "told", kind="data", challenge={**LOST, "rows": -1})
    hub.leave("nothing", "told", kind="data", challenge=LOST)
    left = hub.left / "outcome.json"
    left.write_text(left.read_text().replace('"rows": 40', '"rows": "all"'))
    with pytest.raises(UserError, match=r"does not fit at 'challenge\.rows'"):
        hub.open()


@pytest.mark.parametrize(
    "path", [".github/workflows/pr.yml", "twinserve/__init__.py", "Makefile", "locks"]
)
def test_commit_that_changes_something_else_is_refused(hub: Hub, path: str) -> None:
    """Whatever the job that ran other people's code says of it."""
    if path == "locks":
        (hub.origin.path("locks/dev.txt")).unlink()
        hub.origin.path("locks").rmdir()
        hub.origin.commit("Without locks")
        hub.checkout.git("pull", "--quiet")
    hub.renew(path, "x\n")
    with pytest.raises(UserError, match="may not change"):
        hub.open()
    assert hub.origin.git("branch", "--list", BRANCH) == ""
    assert hub.read()["pulls"] == []


def test_link_is_refused(hub: Hub) -> None:
    """A lock is a file."""
    work = hub.checkout.directory.parent / "work"
    hub.renew()
    tree = Checkout(work)
    (work / "locks/dev.txt").unlink()
    (work / "locks/dev.txt").symlink_to("/etc/passwd")
    Branch(tree, "packages").write(tree, "Renew alpha", "A report.")
    Repository(work).git("reset", "--quiet", "--hard", "HEAD^")
    write_bundle(hub.left, tree, BRANCH)
    with pytest.raises(UserError, match=r"locks/dev\.txt.* \(mode 120000\)"):
        hub.open()


def test_two_commits_are_refused(hub: Hub) -> None:
    """One would hide what the other undoes."""
    hub.renew()
    work = Repository(hub.checkout.directory.parent / "work")
    work.git("switch", "--quiet", BRANCH)
    work.write("locks/more.txt", "a==1\n")
    work.commit("More")
    work.git("switch", "--quiet", "--detach", "origin/main")
    write_bundle(hub.left, Checkout(work.directory), BRANCH)
    with pytest.raises(UserError, match="not one commit upon this branch"):
        hub.open()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("outcome.json", '{"kind": "everything", "state": "renewed", "line": ""}'),
        ("outcome.json", "no JSON"),
        ("report.json", "{}"),
        ("report.json", " " * (2 << 20)),
    ],
)
def test_what_does_not_fit_is_refused(hub: Hub, name: str, content: str) -> None:
    """And quoted nowhere."""
    hub.renew()
    (hub.left / name).write_text(content)
    with pytest.raises(UserError) as refused:
        hub.open()
    assert "everything" not in str(refused.value)
    assert hub.read()["pulls"] == []


VERDICT = Verdict("owner/twinserve", "a" * 40, 1, "success", "https://github.com/r/1")


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    """What `review collect` has left."""
    path = tmp_path / "review.json"
    path.write_text(json.dumps(sample()))
    return path


@pytest.mark.parametrize(
    ("result", "state"),
    [("success", "success"), ("failure", "failure"), ("cancelled", "error"), ("skipped", "error")],
)
def test_result_is_posted_under_the_required_name(
    hub: Hub, figures: Path, result: str, state: str
) -> None:
    """With the figures as the usual comment."""
    tell(figures, replace(VERDICT, result=result))
    (posted,) = hub.read()["statuses"]
    assert (posted["sha"], posted["context"], posted["state"]) == ("a" * 40, "All green", state)
    (comment,) = hub.read()["comments"]
    assert comment["body"].startswith("<!-- twinserve: pull request report -->")


def test_token_that_may_post_no_status_says_which_button(hub: Hub, figures: Path) -> None:
    """In the comment, where somebody reads it."""
    hub.refuse("POST statuses", "Resource not accessible by integration (HTTP 403)")
    lines = tell(figures, VERDICT)
    assert lines[0].startswith("no status: ")
    assert "*Approve workflows to run*" in hub.read()["comments"][0]["body"]


def test_checks_without_figures_leave_a_status_alone(hub: Hub, tmp_path: Path) -> None:
    """A red check may have measured nothing."""
    assert tell(tmp_path / "none.json", replace(VERDICT, result="failure")) == [
        "All green: failure"
    ]
    assert hub.read()["comments"] == []
