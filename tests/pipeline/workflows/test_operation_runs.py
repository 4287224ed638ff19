"""Measurement, monitoring and rollback, executed by act, with what goes wrong."""

from collections.abc import Mapping

import pytest

from tests.pipeline.workflows import events
from tests.pipeline.workflows.act import Run, Workflows
from tests.pipeline.workflows.project_runs import (
    CLEANED,
    KEPT,
    LOGGED_IN,
    MEASURED,
    MEASUREMENT,
    PROBED,
    PROJECT,
    of_job,
)
from tests.pipeline.workflows.stand_ins import Rule, failing
from tests.renewed import GCLOUD

WATCHED: Rule = {
    "call": "twinserve monitor",
    "files": {"reports/monitoring.md": "drift", "reports/monitoring.json": ""},
}


BY_HOUR_AND_BY_HAND = pytest.mark.parametrize(
    ("event", "payload"),
    [("schedule", events.schedule()), ("workflow_dispatch", events.dispatch())],
)


def run_at_night(
    workflows: Workflows, name: str, *rules: Rule, variables: Mapping[str, str] = PROJECT
) -> Run:
    """A workflow's run by the hour, in a repository that has a project."""
    return workflows.run(name, "schedule", events.schedule(), rules=rules, variables=variables)


@BY_HOUR_AND_BY_HAND
def test_measurement_runs_by_itself(
    workflows: Workflows, event: str, payload: Mapping[str, object]
) -> None:
    """Each night and by hand: measured, cleaned up, shown and kept."""
    run = workflows.run("measure.yml", event, payload, rules=MEASURED, variables=PROJECT)
    assert run.succeeded, run.output
    assert of_job(run, "measure") == [*MEASUREMENT]
    assert run.summary.strip() == "a table"
    kept = {path.name for path in (workflows.stand_ins.artifacts / "latency").iterdir()}
    assert kept == {"report.md", "report.json"}
    assert (workflows.stand_ins.artifacts / "history" / "index.html").read_text() == "a page"


def test_measurement_over_its_budget_is_red_and_reported(workflows: Workflows) -> None:
    """The run is red; the copies are gone, report and measurement kept all the same."""
    run = run_at_night(workflows, "measure.yml", CLEANED, {**PROBED, "exit": 1}, KEPT)
    assert run.jobs == {"measure": "failure"}
    assert run.steps["measure", "Measure"] == "failure"
    assert "twinserve probe --clean-up" in run.lines()
    assert "twinserve history --deployed --append" in run.lines()
    assert run.summary.strip() == "a table"
    assert (workflows.stand_ins.artifacts / "latency" / "report.md").exists()


def test_measurement_waits_for_a_project(workflows: Workflows) -> None:
    """A fork without one is left alone each night."""
    run = run_at_night(workflows, "measure.yml", *MEASURED, variables={})
    assert run.succeeded
    assert not run.calls


@BY_HOUR_AND_BY_HAND
def test_monitoring_runs_by_itself(
    workflows: Workflows, event: str, payload: Mapping[str, object]
) -> None:
    """Each night and by hand: the logs are read, GitHub is told, the report is shown and kept."""
    run = workflows.run("monitor.yml", event, payload, rules=[WATCHED], variables=PROJECT)
    assert run.succeeded, run.output
    assert of_job(run, "monitor") == [
        LOGGED_IN,
        f"setup-gcloud {GCLOUD}",
        "twinserve monitor --issue",
        "upload-artifact monitoring error reports/monitoring.*",
    ]
    (told,) = [call for call in run.calls if "monitor" in call.words]
    assert told.environment["GH_TOKEN"]
    assert run.summary.strip() == "drift"
    kept = {path.name for path in (workflows.stand_ins.artifacts / "monitoring").iterdir()}
    assert kept == {"monitoring.md", "monitoring.json"}


def test_monitoring_that_fails_is_red_and_shows_what_it_has(workflows: Workflows) -> None:
    """GitHub's refusal, say, comes after the report; without a project nothing runs."""
    run = run_at_night(workflows, "monitor.yml", {**WATCHED, "exit": 1})
    assert run.jobs == {"monitor": "failure"}
    assert run.summary.strip() == "drift"
    run = run_at_night(workflows, "monitor.yml", variables={})
    assert run.succeeded
    assert not run.calls


@pytest.mark.parametrize("release", ["v1.0-0123456789ab", "", "$(touch owned) v1"])
def test_rollback_by_hand(workflows: Workflows, release: str) -> None:
    """The named release, or the one before; what is typed reaches no shell as code."""
    shown: Rule = {"call": "twinserve status", "prints": "both in step\n"}
    run = workflows.run(
        "rollback.yml",
        "workflow_dispatch",
        events.dispatch(release=release),
        rules=[shown],
        variables=PROJECT,
    )
    assert run.succeeded, run.output
    asked = f"twinserve rollback -- {release}"
    expected = [LOGGED_IN, f"setup-gcloud {GCLOUD}", asked, "twinserve status"]
    assert of_job(run, "rollback") == expected
    assert not list(workflows.tree.rglob("owned"))
    assert run.summary.strip() == "both in step"


def test_failed_rollback_is_red_and_shows_what_serves(workflows: Workflows) -> None:
    """Whoever rolls back in a hurry sees where things stand."""
    rules = [failing("twinserve rollback"), {"call": "twinserve status", "prints": "not in step\n"}]
    run = workflows.run(
        "rollback.yml", "workflow_dispatch", events.dispatch(), rules=rules, variables=PROJECT
    )
    assert run.jobs == {"rollback": "failure"}
    assert run.summary.strip() == "not in step"
