"""What the matrix starts on this machine, and what it leaves out."""

import argparse
import json
import subprocess
from pathlib import Path

import pytest

from tests.targets.fake_engine import WORKS, FakeEngines, Reply
from tests.tools import twinserve
from tests.tree import TREE
from twinserve.config.card import Card, load_card
from twinserve.config.params import Params, load_params
from twinserve.delivery.probe.matrix import BUILDPACK, add_arguments, deployed_settings, plan_local
from twinserve.delivery.probe.spend import check_matrix_cap
from twinserve.measure.run.matrix import Setting
from twinserve.targets.container import ContainerTarget, Limits


@pytest.fixture
def card(dist: Path) -> Card:
    """Of the bundles."""
    return load_card(dist / "service" / "model.json")


@pytest.fixture
def params() -> Params:
    """The parameters of this tree."""
    return load_params()


def parsed(*words: str) -> argparse.Namespace:
    """The command's arguments."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def test_engine_runs_an_image_of_each_size(
    card: Card, params: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service's image is built once a runtime and limited as params.yaml says."""
    engines = FakeEngines(tmp_path, monkeypatch)
    engines.add("podman", WORKS, Reply(["build"]))
    said: list[str] = []
    arguments = parsed("--runtimes", "compiled", "--engine=podman", "--base-image=base")
    planned = plan_local(card, params, arguments, said.append)
    containers = [plan.target for plan in planned if isinstance(plan.target, ContainerTarget)]
    assert [container.limits for container in containers] == [
        Limits(256, 0.5),
        Limits(512, 1),
        Limits(1024, 2),
    ]
    assert {container.image for container in containers} == {
        "localhost/fastapi-ml-service:matrix-compiled"
    }
    builds = [command for command in engines.asked if command[1] == "build"]
    assert len(builds) == 1
    assert builds[0][-1] == "dist/service"
    assert "BASE_IMAGE=base" in builds[0]
    assert planned[-1].setting == Setting("function", "container", "compiled")
    assert planned[-1].absence == BUILDPACK
    assert said == ["making compiled ready"]


def test_runtime_that_the_model_cannot_have_is_left_out(card: Card, params: Params) -> None:
    """Every setting of it is there, with what the card says."""
    other = card._replace(
        runtime="onnx", choice=card.choice._replace(passed_over={"compiled": "no trees"})
    )
    arguments = parsed("--runtimes", "compiled", "--engine=docker")
    planned = plan_local(other, params, arguments, lambda _: None)
    sizes = len(params.measurement.matrix.sizes)
    assert [plan.absence for plan in planned] == ["no trees"] * (2 + sizes) + [BUILDPACK]
    assert not [plan for plan in planned if plan.target]


def matrix(*words: str) -> subprocess.CompletedProcess[str]:
    """`twinserve matrix` where no engine and no gcloud is."""
    return twinserve("matrix", *words, cwd=TREE, env={"PATH": "/nowhere"})


def test_without_an_engine_the_rest_is_measured(dist: Path) -> None:
    """Both processes have figures; containers are left out, and the line says what to install."""
    assert dist.is_dir()
    done = matrix("--runtimes", "compiled", "--rounds", "1", "--json")
    assert done.returncode == 0, done.stderr
    page = Path(json.loads(done.stdout)["report"])
    cells = json.loads((TREE / page.with_suffix(".json")).read_text())["cells"]
    measured = {
        (cell["setting"]["target"], cell["setting"]["place"]) for cell in cells if cell["samples"]
    }
    assert measured == {("service", "process"), ("function", "process")}
    assert "Left out: service, 256Mi, 0.5 CPU" in done.stderr
    assert "install and start Docker or Podman" in " ".join(done.stderr.split())


def test_rounds_are_at_least_one(dist: Path) -> None:
    """Nothing is made ready for none; a dry run makes ready and starts nothing."""
    assert dist.is_dir()
    done = matrix("--rounds", "0")
    assert done.returncode == 1
    assert "expected a whole number from 1, found 0" in done.stderr
    done = matrix("--runtimes", "compiled", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "report:" not in done.stdout


def test_most_that_a_matrix_costs_is_the_sum_worked_out_by_hand(params: Params) -> None:
    """Two starts of 240 s at one CPU and half a GiB, once plain and once with twice the CPU."""
    prices = params.prices.model_copy(
        update={"vcpu_second": 0.000024, "gib_second": 0.0000025, "million_requests": 0.0}
    )
    service = params.deployment.service.model_copy(update={"cpu": 1, "memory": "512Mi"})
    most = check_matrix_cap([(service, False), (service, True)], 2, params.measurement, prices)
    assert most == pytest.approx(480 * (0.000024 + 0.00000125) * 3)


def test_deployed_plan_of_params_yaml_is_within_the_cap(params: Params) -> None:
    """As committed; and it varies size and boost of both."""
    settings = deployed_settings(params, "compiled")
    assert len(set(settings)) == 2 * 3 * 2
    resources = {"service": params.deployment.service, "function": params.deployment.function}
    sized = [
        (
            resources[setting.target].model_copy(
                update={"cpu": setting.cpu, "memory": setting.memory}
            ),
            True,
        )
        for setting in settings
        if setting.cpu >= 1
    ]
    rounds = params.measurement.matrix.rounds
    costs = [(resource, index % 2 == 0) for index, (resource, _) in enumerate(sized)]
    assert check_matrix_cap(costs, rounds, params.measurement, params.prices) < 0.5
