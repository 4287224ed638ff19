"""Deployment, measurement and rollback, executed by act, with what goes wrong.

The project's own commands are played here (``stand_ins.py``), since each is tested for itself and
some take minutes; what is real is everything that stands in the workflow files.
"""

from collections.abc import Mapping

import pytest

from tests.pipeline import events
from tests.pipeline.act import Workflows
from tests.pipeline.stand_ins import Rule, failing

PROJECT = {
    "GOOGLE_CLOUD_PROJECT": "a-project",
    "WORKLOAD_IDENTITY_PROVIDER": "projects/1/locations/global/workloadIdentityPools/p/providers/g",
    "DEPLOYER": "deployer@a-project.iam.gserviceaccount.com",
}
LOGGED_IN = f"auth {' '.join(PROJECT.values())}"
IMAGE = "us-central1-docker.pkg.dev/a-project/ml-models/fastapi-ml-service"
DIGEST = f"sha256:{'1' * 64}"
SUBMITTED: Rule = {
    "call": "delivery submit",
    "files": {"$GITHUB_OUTPUT": f"image={IMAGE}\ndigest={DIGEST}\n"},
}
REPRODUCED: Rule = {
    "call": "delivery repro",
    "files": {"models/served/model.so": "", "models/model.pkl": ""},
}
LISTED: Rule = {"call": "make sbom", "files": {"reports/sbom.json": "{}"}}
CLEANED: Rule = {"call": "delivery probe --clean-up"}
PROBED: Rule = {
    "call": "delivery probe",
    "files": {"reports/report.md": "a table", "reports/report.json": ""},
}
KEPT: Rule = {"call": "delivery history", "files": {"reports/history/index.html": "a page"}}
MEASURED = (CLEANED, PROBED, KEPT)
WATCHED: Rule = {
    "call": "delivery monitor",
    "files": {"reports/monitoring.md": "drift", "reports/monitoring.json": ""},
}
RELEASED = (SUBMITTED, REPRODUCED, LISTED)


def test_push_deploys_and_measures(workflows: Workflows) -> None:
    """Verify, log in without a key, release in Cloud Build, attest, measure: in that order."""
    run = workflows.run(
        "deploy.yml", "push", events.push(), rules=[*RELEASED, *MEASURED], variables=PROJECT
    )
    assert run.succeeded, run.output
    assert run.jobs == {"verify": "success", "release": "success", "measure": "success"}
    expected = [
        "setup-gcloud 528.0.0",
        "make lint",
        "make test-all",
        LOGGED_IN,
        "setup-gcloud 528.0.0",
        "python -m delivery submit",
        "python -m delivery repro --locked",
        "attest models/**/model.*   ",
        f"attest  {IMAGE} {DIGEST} ",
        "make sbom",
        f"attest  {IMAGE} {DIGEST} reports/sbom.json",
        LOGGED_IN,
        "setup-gcloud 528.0.0",
        "python -m delivery repro --pull",
        "python -m delivery probe",
        "python -m delivery probe --clean-up",
        "python -m delivery history --deployed --append",
        "upload-artifact latency error reports/report.*",
        "upload-artifact history error reports/history/*",
    ]
    # What a machine has not is installed first.
    setting_up = ("setup-python 3.11", "make .venv/ready", "apt-get ")
    assert [line for line in run.lines() if not line.startswith(setting_up)] == expected
    assert "a table" in run.summary


@pytest.mark.parametrize("call", ["make lint", "make test-all"])
def test_nothing_is_deployed_that_fails_to_verify(workflows: Workflows, call: str) -> None:
    """No login, no build, no release, no measurement."""
    rules = [failing(call), *RELEASED, *MEASURED]
    run = workflows.run("deploy.yml", "push", events.push(), rules=rules, variables=PROJECT)
    assert not run.succeeded
    assert run.jobs == {"verify": "failure"}
    assert not [line for line in run.lines() if line.startswith(("auth", "python -m delivery"))]


@pytest.mark.parametrize("call", ["auth", "delivery submit"])
def test_nothing_is_measured_that_was_not_deployed(workflows: Workflows, call: str) -> None:
    """A login or a release that fails ends the run: nothing is attested, nothing measured."""
    rules = [failing(call), *RELEASED, *MEASURED]
    run = workflows.run("deploy.yml", "push", events.push(), rules=rules, variables=PROJECT)
    assert not run.succeeded
    assert run.jobs == {"verify": "success", "release": "failure"}
    assert not [line for line in run.lines() if "probe" in line or line.startswith("attest")]


def test_model_that_is_not_what_was_built_is_not_attested(workflows: Workflows) -> None:
    """Reproduction that differs from the lock ends the run before anything is signed."""
    rules = [failing("delivery repro"), SUBMITTED, LISTED, *MEASURED]
    run = workflows.run("deploy.yml", "push", events.push(), rules=rules, variables=PROJECT)
    assert run.jobs["release"] == "failure"
    assert not [line for line in run.lines() if line.startswith("attest")]


def test_fork_without_a_project_verifies_and_deploys_nowhere(workflows: Workflows) -> None:
    """Where no project is set, main is tested all the same."""
    run = workflows.run("deploy.yml", "push", events.push(), rules=[*RELEASED, *MEASURED])
    assert run.succeeded
    assert run.jobs == {"verify": "success"}
    assert not [line for line in run.lines() if line.startswith("python -m delivery")]


@pytest.mark.parametrize(
    ("event", "payload"),
    [("schedule", events.schedule()), ("workflow_dispatch", events.dispatch())],
)
def test_measurement_runs_by_itself(
    workflows: Workflows, event: str, payload: Mapping[str, object]
) -> None:
    """Each night and by hand: measured, cleaned up, shown and kept."""
    run = workflows.run("measure.yml", event, payload, rules=MEASURED, variables=PROJECT)
    assert run.succeeded, run.output
    assert run.lines()[2:] == [
        LOGGED_IN,
        "setup-gcloud 528.0.0",
        "python -m delivery repro --pull",
        "python -m delivery probe",
        "python -m delivery probe --clean-up",
        "python -m delivery history --deployed --append",
        "upload-artifact latency error reports/report.*",
        "upload-artifact history error reports/history/*",
    ]
    assert run.summary.strip() == "a table"
    kept = {path.name for path in (workflows.stand_ins.artifacts / "latency").iterdir()}
    assert kept == {"report.md", "report.json"}
    assert (workflows.stand_ins.artifacts / "history" / "index.html").read_text() == "a page"


def test_measurement_over_its_budget_is_red_and_reported(workflows: Workflows) -> None:
    """The run is red; the copies are gone, report and measurement kept all the same."""
    over = {**PROBED, "exit": 1}
    run = workflows.run(
        "measure.yml", "schedule", events.schedule(), rules=[CLEANED, over, KEPT], variables=PROJECT
    )
    assert run.jobs == {"measure": "failure"}
    assert run.steps["measure", "Measure"] == "failure"
    assert "python -m delivery probe --clean-up" in run.lines()
    assert "python -m delivery history --deployed --append" in run.lines()
    assert run.summary.strip() == "a table"
    assert (workflows.stand_ins.artifacts / "latency" / "report.md").exists()


def test_measurement_waits_for_a_project(workflows: Workflows) -> None:
    """A fork without one is left alone each night."""
    run = workflows.run("measure.yml", "schedule", events.schedule(), rules=MEASURED)
    assert run.succeeded
    assert not run.calls


@pytest.mark.parametrize("event", ["schedule", "workflow_dispatch"])
def test_monitoring_runs_by_itself(workflows: Workflows, event: str) -> None:
    """Each night and by hand: the logs are read, GitHub is told, the report is shown and kept."""
    payload = events.schedule() if event == "schedule" else events.dispatch()
    run = workflows.run("monitor.yml", event, payload, rules=[WATCHED], variables=PROJECT)
    assert run.succeeded, run.output
    assert run.lines()[2:] == [
        LOGGED_IN,
        "setup-gcloud 528.0.0",
        "python -m delivery monitor --issue",
        "upload-artifact monitoring error reports/monitoring.*",
    ]
    (told,) = [call for call in run.calls if "monitor" in call.words]
    assert told.environment["GH_TOKEN"]
    assert run.summary.strip() == "drift"
    kept = {path.name for path in (workflows.stand_ins.artifacts / "monitoring").iterdir()}
    assert kept == {"monitoring.md", "monitoring.json"}


def test_monitoring_that_fails_is_red_and_shows_what_it_has(workflows: Workflows) -> None:
    """GitHub's refusal, say, comes after the report; without a project nothing runs."""
    refused = {**WATCHED, "exit": 1}
    run = workflows.run(
        "monitor.yml", "schedule", events.schedule(), rules=[refused], variables=PROJECT
    )
    assert run.jobs == {"monitor": "failure"}
    assert run.summary.strip() == "drift"
    run = workflows.run("monitor.yml", "schedule", events.schedule())
    assert run.succeeded
    assert not run.calls


@pytest.mark.parametrize(
    ("inputs", "line"),
    [
        ({"release": "v1.0-0123456789ab"}, "python -m delivery rollback v1.0-0123456789ab"),
        ({"release": ""}, "python -m delivery rollback"),
        ({"release": "$(touch owned) v1"}, "python -m delivery rollback $(touch owned) v1"),
    ],
)
def test_rollback_by_hand(workflows: Workflows, inputs: Mapping[str, str], line: str) -> None:
    """The named release, or the one before; what is typed reaches no shell as code."""
    shown: Rule = {"call": "delivery status", "prints": "both in step\n"}
    run = workflows.run(
        "rollback.yml",
        "workflow_dispatch",
        events.dispatch(**inputs),
        rules=[shown],
        variables=PROJECT,
    )
    assert run.succeeded, run.output
    expected = [LOGGED_IN, "setup-gcloud 528.0.0", line, "python -m delivery status"]
    assert run.lines()[2:] == expected
    assert not list(workflows.tree.rglob("owned"))
    assert run.summary.strip() == "both in step"


def test_failed_rollback_is_red_and_shows_what_serves(workflows: Workflows) -> None:
    """Whoever rolls back in a hurry sees where things stand."""
    rules = [failing("delivery rollback"), {"call": "delivery status", "prints": "not in step\n"}]
    run = workflows.run(
        "rollback.yml", "workflow_dispatch", events.dispatch(), rules=rules, variables=PROJECT
    )
    assert run.jobs == {"rollback": "failure"}
    assert run.summary.strip() == "not in step"
