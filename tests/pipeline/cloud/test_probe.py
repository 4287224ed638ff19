"""Probes measure copies of what serves, and leave nothing behind."""

import dataclasses
import json

import pytest

from tests.google import Fault, quota_exceeded
from tests.pipeline.releases.project import FUNCTION, SERVICE, Project
from twinserve.targets.google.probe import PROBE_LABEL


def test_both_are_measured_cold_and_warm(served: Project) -> None:
    """Each sample is a fresh instance that the request itself started; the report has them all."""
    done = served.run("probe", "--json")
    report = json.loads((served.tree / "reports" / "report.json").read_text())
    assert json.loads(done.stdout)["release"].startswith("v1.0-")
    for target in report["results"]["targets"]:
        samples = target["cold"]["samples"]
        assert len(samples) == 3
        assert len({sample["instance"] for sample in samples}) == 3
        assert all(sample["age_ms"] < sample["total_ms"] for sample in samples)
        assert target["warm"]["errors"] == 0
    images = [
        call for call in served.google.calls if "builds" in call.path and "probe" in str(call)
    ]
    assert not images


@pytest.mark.nightly
@pytest.mark.parametrize("service", ["probe-service", "probe-function"])
def test_probe_that_fails_is_deleted_all_the_same(served: Project, service: str) -> None:
    """A refusal in the middle of the samples ends in a line, with both copies gone."""
    fault = Fault(rf"PUT run.googleapis.com/apis/.*/services/{service}", quota_exceeded(), times=0)
    with served.google.fault(fault):
        done = served.run("probe", code=1)
    assert "error: gcloud run services update" in done.stderr
    assert served.serving().keys() == {SERVICE, FUNCTION}


@pytest.mark.nightly
def test_interrupted_probe_is_deleted(served: Project) -> None:
    """Ctrl-C while samples are taken deletes both copies and exits with 130."""
    reached = Fault(r"PUT run.googleapis.com/apis/.*/services/probe-function", times=0)
    served.interrupt("probe", reached)
    assert served.serving().keys() == {SERVICE, FUNCTION}


@pytest.mark.nightly
def test_targets_out_of_step_are_not_measured(served: Project) -> None:
    """One of them without its traffic: the line points at `status`."""
    service = served.google.state.services[FUNCTION]
    traffic, service.traffic = service.traffic, []
    done = served.run("probe", code=1)
    service.traffic = traffic
    assert "not in step; see `twinserve status`" in done.stderr


@pytest.mark.nightly
def test_copies_that_a_killed_measurement_has_left_are_cleaned_up(served: Project) -> None:
    """They are deleted whole, and nothing else is; without any there is nothing to do."""
    done = served.run("probe", "--clean-up", "--json")
    assert json.loads(done.stdout) == {"deleted": []}
    services = served.google.state.services
    left = dataclasses.replace(services[SERVICE], name="probe-service-0")
    left.labels = {**left.labels, PROBE_LABEL: "true"}
    services[left.name] = left
    done = served.run("probe", "--clean-up")
    assert "deleting probe-service-0" in done.stdout
    assert services.keys() == {SERVICE, FUNCTION}


@pytest.mark.nightly
def test_measurement_over_the_cap_makes_nothing(served: Project) -> None:
    """It is refused before a copy is made that would cost; the line names the key."""
    path = served.tree / "params.yaml"
    text = path.read_text()
    assert "max_cost_usd: 0.5 " in text
    path.write_text(text.replace("max_cost_usd: 0.5 ", "max_cost_usd: 0.001 "))
    done = served.run("probe", code=1)
    assert "over measurement.max_cost_usd (0.001)" in done.stderr
    assert not [call for call in served.changes() if "probe" in call]
