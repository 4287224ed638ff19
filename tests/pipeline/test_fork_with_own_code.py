"""A fork with a route, a middleware and steps as the pages show them, taken all the way."""

import filecmp
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.google import Instances
from tests.pipeline.models.test_own_code import GOLDEN
from tests.pipeline.models.trees import export, repro
from tests.pipeline.releases.project import FUNCTION, SERVICE, opened
from tests.pipeline.story import Story, begin
from tests.pipeline.workflows.act import Workflows
from tests.pipeline.workflows.test_pull_request_runs import planned, results, run_checks
from tests.tools import require
from tests.tree import ROOMS, ROOT
from twinserve.contract.calls import HttpCaller
from twinserve.review.plan import needed, settle
from twinserve.targets.check_headers import CHECK_VARIABLE

# For the digest that docs/service.md shows.
KEY = "alice"
SECRETS = {CHECK_VARIABLE: KEY}
HEADERS = [("Content-Type", "application/json"), ("X-Api-Key", KEY)]
# What such a fork's commit touches.
CHANGED = (
    "custom/flowers.db", "custom/middleware.py", "custom/routes.py", "custom/steps.py", "dvc.lock",
    "params.yaml",
)  # fmt: skip
MEASURED = {"cold_samples": 2, "warm_requests": 100, "connections": [1]}


def shown(page: str, word: str, language: str = "python") -> str:
    """The block of code on a page that has this word."""
    text = (ROOT / "docs" / page).read_text()
    blocks = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    (block,) = [block for block in blocks if word in block]
    return str(block)


def write_own_code(tree: Path) -> None:
    """The modules as the pages show them, a database, golden cases by name, the check's header."""
    custom = tree / "custom"
    (custom / "routes.py").write_text(shown("service.md", "APIRouter"))
    (custom / "middleware.py").write_text(shown("service.md", "class Middleware"))
    (custom / "steps.py").write_text(shown("steps.md", "def before"))
    command = shown("service.md", "flowers.db", "sh").replace(".venv/bin/python", sys.executable)
    subprocess.run(["/bin/sh", "-c", command], cwd=tree, check=True)
    path = tree / "params.yaml"
    params = yaml.safe_load(path.read_text())
    params["golden"] = GOLDEN
    params["measurement"] |= MEASURED
    params["deployment"]["check"] |= {
        "warm_requests": 20,
        "headers": {"X-Api-Key": CHECK_VARIABLE},
    }
    path.write_text(yaml.safe_dump(params, sort_keys=False))


@pytest.fixture
def fork(
    environments: None,  # noqa: ARG001
    instances: Instances,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Story]:
    """Reproduced, with a project in which nothing is deployed yet."""
    require("gcloud")
    tree = export(tmp_path / "tree")
    write_own_code(tree)
    repro(tree)
    with opened(tree, tmp_path, instances) as project:
        # The fake starts what is deployed in this process's name, and waits until it answers.
        monkeypatch.setenv(CHECK_VARIABLE, KEY)
        yield begin(project, tmp_path)


def test_pull_request_of_own_code_is_linted_contained_and_held_to_the_models_suite(
    workflows: Workflows,
) -> None:
    """Each job that asks an endpoint has the key; none prints it, and no other job has it."""
    due = needed(CHANGED)
    assert set(due) == {"lint", "model", "container", "review"}
    run = run_checks(workflows, planned(*due), secrets=SECRETS)
    assert run.succeeded, run.output
    assert settle(results(run)).startswith("all that was due")
    has_key = {call.line for call in run.calls if call.environment.get(CHECK_VARIABLE) == KEY}
    assert has_key == {
        "make test-model",
        "twinserve check --engine docker",
        "twinserve review collect --base .base --output reports/review.json",
    }
    assert KEY not in run.output + run.summary


@pytest.mark.nightly
def test_push_of_own_code_is_released_and_measured(fork: Story) -> None:
    """Both targets let the check in, take steps, and the service asks the database it was given."""
    run = fork.push(secrets=SECRETS)
    (build,) = fork.builds
    assert build.succeeded, build.outputs
    assert run.succeeded, run.output[-4000:]
    assert KEY not in run.output + run.summary + str(build.outputs)
    tree = fork.project.tree
    for room in ROOMS:
        compared = filecmp.dircmp(ROOT / room, tree / room, ignore=["__pycache__"])
        assert not compared.diff_files + compared.left_only + compared.right_only
    urls = {name: fork.project.google.state.services[name].url for name in (SERVICE, FUNCTION)}
    body = json.dumps({"features": GOLDEN[1]["features"]}).encode()
    for url in urls.values():
        caller = HttpCaller(url)
        answer = json.loads(caller.call("POST", "/predict", HEADERS, body).body)
        assert (answer["prediction"], answer["site"]) == (1, "alpine")
        assert caller.call("POST", "/predict", HEADERS[:1], body).status == 401
    service = HttpCaller(urls[SERVICE])
    assert json.loads(service.call("GET", "/flowers/7", HEADERS).body) == {"label": "setosa"}
    assert service.call("GET", "/flowers/8", HEADERS).status == 404
    kept = fork.workflows.stand_ins.artifacts / "latency" / "report.json"
    assert {target["name"] for target in json.loads(kept.read_text())["results"]["targets"]} == {
        "service",
        "function",
    }
