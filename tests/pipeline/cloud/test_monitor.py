"""`delivery monitor` against the fake: from the targets' own lines to a report and one issue."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.google import Fault, permission_denied
from tests.google.api import timestamp
from tests.google.state import PROJECT, REGION
from tests.pipeline.releases.project import FUNCTION, SERVICE, Project
from tests.renewal.shown import hold, shown
from tests.tools import write_program
from tests.tree import ROOT
from twinserve.config.card import Card, load_card
from twinserve.config.layout import MONITORING_MEMBER
from twinserve.contract.calls import HttpCaller
from twinserve.monitoring.alarm import BACK, LABEL, MARKER
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering

FAKE = ROOT / "tests" / "review" / "fake_gh.py"
RUN_URL = "https://github.com/owner/twinserve/actions/runs/4711"


@dataclass(frozen=True)
class Watched:
    """A project whose logs are read, and the issues of a repository."""

    project: Project
    folder: Path

    def log(self, service: str, figures: Mapping[str, Any]) -> None:
        """Have an entry as Cloud Run makes it of a line of stdout."""
        labels = {"service_name": service, "location": REGION, "project_id": PROJECT}
        self.project.google.state.logs.append(
            {
                "timestamp": timestamp(),
                "severity": "INFO",
                "logName": f"projects/{PROJECT}/logs/run.googleapis.com%2Fstdout",
                "resource": {"type": "cloud_run_revision", "labels": labels},
                "jsonPayload": {"message": "in figures", MONITORING_MEMBER: dict(figures)},
            }
        )

    def monitor(self, *options: str, **environment: str) -> str:
        """Run the command as the workflow does; what it prints."""
        given = {
            "PATH": f"{self.folder / 'bin'}:{self.project.google.environment['PATH']}",
            "GH_STATE": str(self.folder / "state.json"),
            "GH_TOKEN": "the-token",
            "GITHUB_REPOSITORY": "owner/twinserve",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_RUN_ID": "4711",
        }
        done = self.project.run("monitor", *options, environment=given | environment, code=None)
        return done.stdout + done.stderr

    def state(self) -> dict[str, Any]:
        """All that GitHub holds."""
        state: dict[str, Any] = json.loads((self.folder / "state.json").read_text())
        return state

    def issues(self) -> list[dict[str, Any]]:
        """Its issues."""
        issues: list[dict[str, Any]] = self.state()["issues"]
        return issues

    def comments(self) -> list[str]:
        """Their texts."""
        return [comment["body"] for comment in self.state()["comments"]]

    def report(self) -> dict[str, Any]:
        """``monitoring.json``."""
        path = self.project.tree / "reports" / "monitoring.json"
        report: dict[str, Any] = json.loads(path.read_text())
        return report


@pytest.fixture
def watched(project: Project, tmp_path: Path) -> Iterator[Watched]:
    """A project; a repository in which others have issues, some of which look like ours."""
    write_program(tmp_path / "bin" / "gh", FAKE.read_text())
    ours = {"login": "github-actions[bot]"}
    others: list[dict[str, Any]] = [
        {"number": 1, "body": f"{MARKER} mine", "user": {"login": "forger"}, "labels": [LABEL]},
        {"number": 2, "body": "by another workflow", "user": ours, "labels": [LABEL]},
        {"number": 3, "body": MARKER, "user": ours, "labels": [LABEL], "pull_request": {}},
        {"number": 4, "body": None, "user": ours, "labels": [LABEL]},
    ]
    issues = [{**issue, "title": "other", "state": "open"} for issue in others]
    state = {"pulls": [], "comments": [], "issues": issues}
    (tmp_path / "state.json").write_text(json.dumps(state))
    yield Watched(project, tmp_path)
    assert json.loads((tmp_path / "state.json").read_text())["issues"][: len(issues)] == issues


@pytest.fixture(scope="module")
def card(dist: Path) -> Card:
    """Of what is served."""
    return load_card(dist / "service" / "model.json")


@pytest.fixture(scope="module")
def told(dist: Path, card: Card) -> dict[str, dict[str, Any]]:
    """The last line of each target, after requests that have drifted, told by itself."""
    figures = {}
    shifted = [feature.maximum + 1 for feature in card.features]
    body = json.dumps({"features": shifted}).encode()
    for name, make in ((SERVICE, local_service), (FUNCTION, local_function)):
        folder = dist / ("service" if name == SERVICE else "function")
        with tempfile.TemporaryFile() as output:
            with make(folder, output=output).start() as endpoint:
                wait_until_answering(endpoint)
                for _ in range(210):
                    assert (
                        HttpCaller(endpoint.url).call("POST", "/predict", body=body).status == 200
                    )
            output.seek(0)
            events = [json.loads(line) for line in output if line.startswith(b"{")]
        (figures[name],) = [
            event[MONITORING_MEMBER] for event in events if MONITORING_MEMBER in event
        ]
    return figures


def as_in_the_table(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same with values that fall as the table's do."""
    features = [
        {**feature, "counts": [0, *(round(210 * share) for share in feature["shares"]), 0]}
        for feature in figures["features"]
    ]
    return {**figures, "features": features}


def test_drift_opens_an_issue_that_is_kept_up_to_date_and_closed(
    watched: Watched, told: dict[str, dict[str, Any]], card: Card
) -> None:
    """From what both targets wrote: opened, rewritten by the next run, closed when all is well."""
    for service, figures in told.items():
        watched.log(service, figures)
    printed = watched.monitor("--issue")
    assert "opened: https://github.com/i/5" in printed
    (issue,) = watched.issues()[4:]
    assert (issue["state"], issue["labels"]) == ("open", [LABEL])
    assert issue["body"].startswith(MARKER)
    assert f"| drift of {card.features[0].name} |" in issue["body"]
    assert RUN_URL in issue["body"]
    report = watched.report()
    assert report["state"] == "passed"
    for target in report["report"]["targets"]:
        assert target["answers"]["200"] == 210
        assert target["version"] == card.version
    assert "brought up to date" in watched.monitor("--issue")
    assert len(watched.issues()) == 5
    state = watched.project.google.state
    state.logs.clear()
    assert "too little was logged to know: issue 5 stays open" in watched.monitor("--issue")
    for service, figures in told.items():
        watched.log(service, as_in_the_table(figures))
    assert "closed: issue 5" in watched.monitor("--issue")
    assert watched.issues()[4]["state"] == "closed"
    assert [comment.startswith(BACK) for comment in watched.comments()] == [True]
    assert "no threshold is passed, and no issue is open" in watched.monitor("--issue")
    assert watched.report()["state"] == "kept"


def test_drift_starts_the_renewal_of_the_table_where_renewals_are_on(
    watched: Watched, told: dict[str, dict[str, Any]], card: Card
) -> None:
    """From what the targets wrote: `renew.yml`, for rows; not where nothing has drifted."""
    for service, figures in told.items():
        watched.log(service, figures)
    assert "the renewal of the table" not in watched.monitor("--issue")
    printed = watched.monitor("--issue", RENEWAL="true")
    assert f"started: the renewal of the table, for drift of {card.features[0].name}" in printed
    (typed,) = shown("drift")
    hold(typed, printed)
    given = {"ref": "main", "inputs": {"kind": "data", "names": ""}}
    assert watched.state()["dispatches"] == [{"workflows/renew.yml/dispatches": given}]
    watched.project.google.state.logs.clear()
    for service, figures in told.items():
        watched.log(service, as_in_the_table(figures))
    assert "the renewal of the table" not in watched.monitor("--issue", RENEWAL="true")
    assert len(watched.state()["dispatches"]) == 1


def test_only_the_targets_own_lines_of_the_last_day_are_read(
    watched: Watched, told: dict[str, dict[str, Any]]
) -> None:
    """Not another service's, not another region's, not yesterday's, and no request's."""
    logs = watched.project.google.state.logs
    watched.log("another-service", told[SERVICE])
    watched.log(SERVICE, told[SERVICE])
    logs[-1]["resource"]["labels"]["location"] = "europe-west1"
    watched.log(SERVICE, told[SERVICE])
    logs[-1]["timestamp"] = "2020-01-01T00:00:00Z"
    watched.log(SERVICE, told[SERVICE])
    del logs[-1]["jsonPayload"][MONITORING_MEMBER]
    watched.log(FUNCTION, told[FUNCTION])
    printed = watched.monitor()
    service, function = watched.report()["report"]["targets"]
    assert (service["lines"], function["lines"]) == (0, 1)
    assert "report: reports/monitoring.html" in printed
    for name in ("monitoring.md", "monitoring.html"):
        text = (watched.project.tree / "reports" / name).read_text()
        assert "nothing was logged" in text
    assert len(watched.issues()) == 4
    assert not [call for call in watched.project.google.calls if "write" in call.path]


def test_what_is_missing_or_refused_is_one_line(watched: Watched) -> None:
    """A role that is lacking, variables that a workflow has, GitHub's refusal."""
    fault = Fault("POST logging.googleapis.com/v2/entries:list", permission_denied(), times=0)
    with watched.project.google.fault(fault):
        assert "error: gcloud logging read" in watched.monitor()
    printed = watched.monitor("--issue", GH_TOKEN="", GITHUB_RUN_ID="")
    assert printed == (
        "error: set GITHUB_RUN_ID, GH_TOKEN, as monitor.yml does, or leave --issue out\n"
    )
    refused = watched.monitor("--issue", GH_TOKEN="expired")  # noqa: S106 - of nothing
    assert "HTTP 401: Bad credentials" in refused.splitlines()[-1]
