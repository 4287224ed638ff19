"""A fork that changed everything that a user may: its push goes all the way, with no other edit."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.google import Instances
from tests.pipeline.models.test_another_model import SWAPS, edit
from tests.pipeline.models.trees import export, repro
from tests.pipeline.releases.project import opened
from tests.pipeline.story import Story, begin
from tests.pipeline.workflows.act import Workflows
from tests.pipeline.workflows.test_pull_request_runs import planned, results, run_checks
from tests.tools import require
from twinserve.contract.calls import HttpCaller
from twinserve.review.plan import needed, settle

NAMES = {"service": "tumour-service", "function": "tumour-function"}
CHANGES: dict[str, dict[str, Any]] = {
    "measurement": {"cold_samples": 2, "warm_requests": 100, "connections": [1]},
    "deployment": {"region": "europe-west1", "repository": "tumours"},
}

pytestmark = pytest.mark.nightly


@pytest.fixture
def fork(environments: None, instances: Instances, tmp_path: Path) -> Iterator[Story]:  # noqa: ARG001
    """Another version, name, table, features, estimator, region, repository and services."""
    require("gcloud")
    tree = export(tmp_path / "tree")
    edit(tree, SWAPS["breast cancer, gradient boosting"])
    (tree / "data" / "iris.csv").unlink()
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["model"]["version"] = "v1.1"
    for section, changes in CHANGES.items():
        params[section] |= changes
    for target, name in NAMES.items():
        params["deployment"][target]["name"] = name
    path.write_text(yaml.safe_dump(params, sort_keys=False))
    repro(tree)
    with opened(tree, tmp_path, instances) as project:
        yield begin(project, tmp_path)


# What such a fork's commit touches.
CHANGED = (
    "params.yaml", "data/iris.csv", "data/table.csv", "dvc.lock", "evaluation/metrics.json",
)  # fmt: skip


def test_pull_request_of_a_fork_is_held_to_the_models_suite(workflows: Workflows) -> None:
    """All that it changes is a user's: the model's suite and the figures run, and all is green."""
    run = run_checks(workflows, planned(*needed(CHANGED)), fork=True)
    assert run.succeeded, run.output
    assert run.jobs == dict.fromkeys(("plan", "model", "review", "all-green"), "success")
    assert settle(results(run)) == "all that was due has succeeded: model, review"


def test_push_of_a_fork_is_released_and_measured(fork: Story) -> None:
    """Both of its services answer for its model, under its names."""
    run = fork.push()
    (build,) = fork.builds
    assert build.succeeded, build.outputs
    assert run.succeeded, run.output[-4000:]
    project = fork.project
    releases = project.releases()
    assert set(releases) == set(NAMES.values())
    (release,) = set.union(*releases.values())
    assert release.startswith("v1.1-")
    kept = fork.workflows.stand_ins.artifacts / "latency" / "report.json"
    assert json.loads(kept.read_text())["results"]["subject"]["model"] == "breast-cancer"
    urls = {name: project.google.state.services[name].url for name in NAMES.values()}
    card = json.loads(HttpCaller(urls[NAMES["service"]]).call("GET", "/model").body)
    assert (card["name"], card["version"]) == ("breast-cancer", "v1.1")
    assert card["golden"]
    for url in urls.values():
        for golden in card["golden"]:
            body = json.dumps({"features": golden["features"]}).encode()
            answer = json.loads(HttpCaller(url).call("POST", "/predict", body=body).body)
            assert answer == {"prediction": golden["prediction"], "model_version": "v1.1"}
