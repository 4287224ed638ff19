"""`night`: what came out again is written for the workflow to attest; what did not is an issue."""

import argparse
import json
from pathlib import Path

import pytest

from tests.github import GitHub, install
from twinserve.config.errors import UserError
from twinserve.delivery.bundle import night
from twinserve.delivery.bundle.reproduce import DifferenceError, check_unchanged
from twinserve.targets.github.reproduction import TYPE

HERE = "repos/owner/twinserve"
ISSUE = {
    "number": 7,
    "body": f"{night.MARKER}\nold",
    "user": {"login": "github-actions[bot]"},
    "html_url": "https://github.com/i/7",
}
DIFFERS = "dvc.lock is not what this tree gives: train"


@pytest.fixture
def github(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GitHub:
    """A public repository without an issue, in which every byte comes out again."""
    made = install(tmp_path / "gh", monkeypatch)
    made.tell(**{f"GET {HERE}": {"private": False}, f"GET {HERE}/issues": []})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_RUN_ID", "4711")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    monkeypatch.delenv("ATTESTATIONS", raising=False)
    monkeypatch.setattr(night, "reproduce_locked", lambda **_: None)
    return made


def differ(*, afresh: bool) -> None:
    """What the night finds where a byte differs."""
    assert afresh
    raise DifferenceError(DIFFERS)


def fail(*, afresh: bool) -> None:
    """What it finds where a table cannot be had."""
    assert afresh
    raise UserError("data/mine.csv: the remote cannot be read")


def run() -> None:
    """The command, as the workflow gives it."""
    night.run(argparse.Namespace(tell=True))


def test_what_came_out_again_is_written_for_the_attestation(github: GitHub) -> None:
    """A test's result, with its time, its commit and its run; the workflow is told to sign it."""
    run()
    told = json.loads(night.ATTESTED.read_text())
    assert told["result"] == "PASSED"
    assert told["configuration"] == [{"name": "commit", "digest": {"gitCommit": "c" * 40}}]
    assert told["url"] == "https://github.com/owner/twinserve/actions/runs/4711"
    assert told["reproducedAt"].endswith("+00:00")
    assert Path("output").read_text() == "attest=true\n"
    assert not [call for call, _ in github.calls() if call.startswith("POST")]


@pytest.mark.parametrize(("plan", "signs"), [("", "false"), ("true", "true")])
def test_private_repository_is_signed_where_its_plan_can(
    github: GitHub, monkeypatch: pytest.MonkeyPatch, plan: str, signs: str
) -> None:
    """By the same variable that the deployment goes by."""
    github.tell(**{f"GET {HERE}": {"private": True}})
    monkeypatch.setenv("ATTESTATIONS", plan)
    run()
    assert Path("output").read_text() == f"attest={signs}\n"


def test_byte_that_differs_opens_the_issue(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names what differs and the run; the night is red, and there is nothing to sign."""
    github.tell(**{f"POST {HERE}/issues": ISSUE})
    monkeypatch.setattr(night, "reproduce_locked", differ)
    with pytest.raises(DifferenceError):
        run()
    (call, body) = github.calls()[-1]
    assert call == f"POST {HERE}/issues"
    assert (body["title"], body["labels"]) == (night.TITLE, ["reproduction"])
    assert body["body"].startswith(night.MARKER)
    assert DIFFERS in body["body"]
    assert "actions/runs/4711" in body["body"]
    assert not night.ATTESTED.exists()
    assert not Path("output").exists()


def test_issue_is_brought_up_to_date_and_closed_by_the_first_good_night(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One issue for as long as a byte differs."""
    numbered = f"{HERE}/issues/7"
    github.tell(
        **{
            f"GET {HERE}/issues": [ISSUE],
            f"PATCH {numbered}": ISSUE,
            f"POST {numbered}/comments": {},
        }
    )
    with monkeypatch.context() as patched:
        patched.setattr(night, "reproduce_locked", differ)
        with pytest.raises(DifferenceError):
            run()
    assert github.calls()[-1][0] == f"PATCH {numbered}"
    run()
    assert github.calls()[-1] == (
        f"PATCH {numbered}",
        {"state": "closed", "state_reason": "completed"},
    )


def test_table_that_cannot_be_had_is_no_difference(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The night is red by its own line; nothing is said of the model, to nobody."""
    monkeypatch.setattr(night, "reproduce_locked", fail)
    with pytest.raises(UserError, match="cannot be read"):
        run()
    assert github.calls() == []
    assert not night.ATTESTED.exists()


def test_lock_that_comes_out_otherwise_is_a_difference() -> None:
    """The very comparison that a push goes by tells the night too."""
    with pytest.raises(DifferenceError, match="gives: train"):
        check_unchanged("stages: {train: {outs: a}}", "stages: {train: {outs: b}}")


def test_type_is_one_that_others_read() -> None:
    """In-toto's own, by which ``gh attestation verify`` finds it."""
    assert TYPE.startswith("https://in-toto.io/attestation/test-result/")
