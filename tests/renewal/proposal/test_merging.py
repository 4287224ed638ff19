"""A pull request that is merged without anybody: where, by what, and what starts then."""

from dataclasses import replace
from typing import Any

import pytest

from tests.renewal.proposal.hub import BRANCH, REPORT, Hub
from twinserve.config.errors import UserError
from twinserve.measure.statistics import Estimate, Outcome
from twinserve.renewal.proposal.merging import Passed, is_proved, merge, read_passed
from twinserve.renewal.rows.duel import ALL, Duel
from twinserve.targets.github.api import api

GREEN = "All green"


def name_kinds(hub: Hub, *kinds: str) -> None:
    """Let the setting of main's own params.yaml name these."""
    text = hub.origin.path("params.yaml").read_text()
    hub.checkout.write("params.yaml", f"{text}\nrenewal: {{merge: [{', '.join(kinds)}]}}\n")


def post(commit: str, state: str = "success") -> None:
    """Let the checks of a commit have ended so."""
    status = {"state": state, "context": GREEN, "description": "", "target_url": ""}
    api(f"repos/owner/twinserve/statuses/{commit}", "POST", status)


def dispatched(hub: Hub) -> list[dict[str, Any]]:
    dispatches: list[dict[str, Any]] = hub.read()["dispatches"]
    return dispatches


def passed(commit: str) -> Passed:
    return Passed("owner/twinserve", commit, 1)


def test_nothing_is_merged_unless_the_setting_names_the_kind(hub: Hub) -> None:
    """Neither without it, nor where it names another."""
    hub.renew()
    assert not hub.open().merge
    name_kinds(hub, "data")
    assert not hub.open().merge
    assert "merged without anybody" not in hub.read()["pulls"][0]["body"]


def test_what_has_passed_is_merged_and_the_release_is_started(hub: Hub) -> None:
    """Of the commit that the checks have seen; deploy.yml is dispatched where main then is."""
    name_kinds(hub, "packages")
    hub.change(rules=[GREEN])
    commit = hub.renew()
    assert hub.open().merge
    assert "merged without anybody once `All green` has passed" in hub.read()["pulls"][0]["body"]
    post(commit)
    line = merge(passed(commit))
    main = hub.origin.git("rev-parse", "main")
    assert line == f"merged as {main[:12]}; started: deploy.yml"
    assert hub.origin.git("show", "main:locks/dev.txt") == "alpha==2.0"
    assert hub.origin.git("rev-list", "--parents", "-1", "main").split()[2] == commit
    assert dispatched(hub) == [{"workflow": "deploy.yml", "sha": main, "ref": "main"}]


@pytest.mark.parametrize("state", [None, "failure", "error", "pending"])
def test_required_check_is_asked_of_it_as_of_any(hub: Hub, state: str | None) -> None:
    """GitHub refuses, the line says what to do, and main is as it was."""
    hub.change(rules=[GREEN])
    commit, before = hub.renew(), hub.origin.git("rev-parse", "main")
    hub.open()
    if state:
        post(commit, state)
    with pytest.raises(UserError, match=r'"All green" is expected.*merge pull request 1 by hand'):
        merge(passed(commit))
    assert hub.origin.git("rev-parse", "main") == before
    assert dispatched(hub) == []


def test_nothing_is_merged_where_no_rule_asks_for_the_check(hub: Hub) -> None:
    """Or there would be nothing that it has to pass."""
    commit = hub.renew()
    hub.open()
    post(commit)
    with pytest.raises(UserError, match=r"no rule of main asks for 'All green'.*bootstrap"):
        merge(passed(commit))
    assert hub.read()["pulls"][0]["state"] == "open"


def test_commit_that_came_after_the_checks_is_not_merged(hub: Hub) -> None:
    """A person's, say: the pull request stays open, and that is said."""
    hub.change(rules=[GREEN])
    commit = hub.renew()
    hub.open()
    post(commit)
    hub.origin.git("switch", "--quiet", BRANCH)
    hub.origin.write("mend.txt", "")
    hub.origin.commit("Mend it")
    hub.origin.git("switch", "--quiet", "main")
    assert merge(passed(commit)) == (
        "left open: pull request 1 has another commit since its checks"
    )
    assert dispatched(hub) == []


def test_release_that_cannot_be_started_is_told(hub: Hub) -> None:
    """The merge is done: the line says which, and what starts the release."""
    hub.change(rules=[GREEN])
    hub.refuse("POST actions", "Resource not accessible by integration (HTTP 403)")
    commit = hub.renew()
    hub.open()
    post(commit)
    with pytest.raises(UserError, match=r"^merged as .*nothing is released.*gh workflow run"):
        merge(passed(commit))
    assert hub.origin.git("show", "main:locks/dev.txt") == "alpha==2.0"


@pytest.fixture
def app(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> Hub:
    """A repository whose renewals an App opens, and may merge."""
    monkeypatch.setenv("APP", "Iv1.a")
    name_kinds(hub, "packages")
    hub.change(rules=[GREEN], auto_merge=True)
    return hub


def test_github_merges_what_an_app_has_opened(app: Hub) -> None:
    """Its checks run at GitHub, and so does what its merge starts: nothing is left to the run."""
    app.renew()
    opened = app.open()
    assert (opened.checks, opened.merge) == ("github", False)
    assert app.read()["pulls"][0]["auto_merge"]["enabled_by"] == {"login": "the-app[bot]"}
    calls = len(app.read()["calls"])
    app.renew(text="alpha==2.1\n")
    app.open()
    assert [call for call in app.read()["calls"][calls:] if call[1] == "graphql"] == []


def test_auto_merge_ends_with_the_setting(app: Hub) -> None:
    """What the App has switched on; what a person has, stays."""
    app.renew()
    app.open()
    name_kinds(app)
    app.renew(text="alpha==2.1\n")
    app.open()
    assert app.read()["pulls"][0]["auto_merge"] is None
    (pull,) = app.read()["pulls"]
    app.change(pulls=[{**pull, "auto_merge": {"enabled_by": {"login": "somebody"}}}])
    app.renew(text="alpha==2.2\n")
    app.open()
    assert app.read()["pulls"][0]["auto_merge"] == {"enabled_by": {"login": "somebody"}}


def test_repository_that_merges_nothing_by_itself_is_told(app: Hub) -> None:
    """The pull request is open all the same."""
    app.change(auto_merge=False)
    app.renew()
    with pytest.raises(UserError, match=r"pull/1 is open, .*gh repo edit --enable-auto-merge"):
        app.open()
    assert app.read()["pulls"][0]["state"] == "open"


def duel(outcome: Outcome | None) -> Duel:
    return Duel(ALL, "wrong", 40, 0.1, 0.1, Estimate(0.0, -0.1, 0.1), outcome)


@pytest.mark.parametrize("outcome", [Outcome.KEPT, Outcome.WARNING, None])
def test_model_that_may_be_worse_waits_for_somebody(outcome: Outcome | None, hub: Hub) -> None:
    """Whatever the setting says; the pull request's text says why."""
    report, proved = replace(REPORT, duels=(duel(outcome),)), outcome is Outcome.KEPT
    assert is_proved(report) is proved
    name_kinds(hub, "packages")
    hub.renew()
    hub.leave_report(report)
    assert hub.open().merge is proved
    text = hub.read()["pulls"][0]["body"]
    assert ("not proved to be no worse" in text) is not proved


def test_workflow_names_what_is_merged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each variable that is missing is told."""
    for name, text in {
        "GITHUB_REPOSITORY": "owner/twinserve",
        "GH_TOKEN": "the-token",
        "HEAD_SHA": "a" * 40,
        "NUMBER": "1",
    }.items():
        monkeypatch.setenv(name, text)
    assert read_passed() == passed("a" * 40)
    monkeypatch.delenv("NUMBER")
    with pytest.raises(UserError, match=r"^set NUMBER, as renew\.yml does"):
        read_passed()
