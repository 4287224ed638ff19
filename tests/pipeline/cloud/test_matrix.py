"""The matrix on copies of what serves: each setting is another revision, and nothing is left."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.google import PROJECT, Fault, quota_exceeded
from tests.pipeline.releases.project import FUNCTION, SERVICE, Project
from twinserve.config.errors import UserError
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.delivery.probe.matrix import WHOLE_CPUS, take_deployed
from twinserve.delivery.project import make_cloud

BOOST = "run.googleapis.com/startup-cpu-boost"


@pytest.fixture
def small(served: Project) -> Project:
    """A size that Cloud Run takes and one that it does not, started once each."""
    path = served.tree / "params.yaml"
    text = path.read_text()
    for old, new in (
        ("rounds: 4 ", "rounds: 1 "),
        ("      - {memory: 1Gi, cpu: 2}\n", ""),
        ("{memory: 512Mi, cpu: 1}", "{memory: 1Gi, cpu: 2}"),
    ):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    path.write_text(text)
    return served


def revisions(project: Project) -> dict[str, set[tuple[str, str, str]]]:
    """Memory, CPU and boost of every revision that a copy was given for a sample."""
    settings: dict[str, set[tuple[str, str, str]]] = {}
    for call in project.google.calls:
        name = call.path.rpartition("/")[2]
        if call.method == "PUT" and name.startswith("probe-"):
            template: dict[str, Any] = call.json["spec"]["template"]
            limits = template["spec"]["containers"][0]["resources"]["limits"]
            setting = (limits["memory"], limits["cpu"], template["metadata"]["annotations"][BOOST])
            settings.setdefault(name.rpartition("-")[0], set()).add(setting)
    return settings


def test_each_setting_is_a_revision_of_a_copy(
    small: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """Memory, CPU and boost are asked for as params.yaml says, of both; what cannot be says so."""
    take_deployed(replace(small.cloud(), as_json=True), bundled_card(), 1)
    said = capsys.readouterr().out
    assert revisions(small) == {
        f"probe-{target}": {("1Gi", "2", "True"), ("1Gi", "2", "False")}
        for target in ("service", "function")
    }
    document = json.loads((small.tree / "reports" / "matrix.json").read_text())
    cells = document["cells"]
    settings = {(cell["setting"]["target"], cell["setting"]["boost"]) for cell in cells}
    assert len(settings) == 4
    assert {cell["absence"] for cell in cells if cell["setting"]["cpu"] == 0.5} == {WHOLE_CPUS}
    measured = [cell for cell in cells if cell["setting"]["cpu"] == 2]
    assert [len(cell["samples"]) for cell in measured] == [1] * 4
    for cell in measured:
        names = [part["name"] for part in cell["parts"]]
        assert names == [
            "platform", "interpreter", "imports", "model", "predict", "network", "rest"
        ]  # fmt: skip
        assert sum(part["ms"] for part in cell["parts"]) == pytest.approx(
            cell["total_ms"]["value"], abs=0.01
        )
    assert f'"cells": {len(cells)}' in said
    assert len(cells) == 8
    assert small.serving().keys() == {SERVICE, FUNCTION}


@pytest.mark.nightly
def test_refusals_make_nothing_or_leave_nothing(
    small: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run, targets out of step, the cap; then a quota that is used up in the middle."""
    params = small.cloud().params
    take_deployed(make_cloud(params, PROJECT, dry_run=True), bundled_card(), 1)
    said = capsys.readouterr().out
    assert "at most $" in said
    assert "gcloud run services replace" in said
    service = small.google.state.services[FUNCTION]
    traffic, service.traffic = service.traffic, []
    with pytest.raises(UserError, match="not in step; see `twinserve status`"):
        take_deployed(small.cloud(), bundled_card(), 1)
    service.traffic = traffic
    path = small.tree / "params.yaml"
    path.write_text(path.read_text().replace("max_cost_usd: 0.5 ", "max_cost_usd: 0.001 "))
    done = small.run("matrix", "--deployed", code=1)
    assert "over measurement.max_cost_usd (0.001)" in done.stderr
    assert not [call for call in small.changes() if "probe" in call]
    path.write_text(path.read_text().replace("max_cost_usd: 0.001 ", "max_cost_usd: 0.5 "))
    fault = Fault(r"PUT run.googleapis.com/apis/.*/services/probe-function", quota_exceeded())
    with small.google.fault(fault):
        done = small.run("matrix", "--deployed", code=1)
    assert "error: gcloud run services update" in done.stderr
    assert small.serving().keys() == {SERVICE, FUNCTION}
