"""What own code, and a function without its variable, cost: rows beside the plain ones."""

import json
from pathlib import Path

import pytest

from benchmarks import variants
from benchmarks.compare import compare
from tests.measure.fakes import card
from twinserve.contract.calls import HttpCaller
from twinserve.delivery.bundle.assembly import bundled_card
from twinserve.targets.process import ProcessTarget
from twinserve.targets.ready import wait_until_answering

MODEL = ("flowers", "v1.0")

pytestmark = pytest.mark.usefixtures("short")


def test_service_has_the_step_and_the_middleware_that_are_measured(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bundled beside the working tree, which has neither; the step's answer has its member."""
    monkeypatch.chdir(dist.parent)
    names = ["service step", "service middleware"]
    step, middleware = variants.prepare(names, bundled_card())
    for variant, module in ((step, "steps"), (middleware, "middleware")):
        assert isinstance(variant.target, ProcessTarget)
        settings = (variant.target.directory / "serving.json").read_text()
        assert json.loads(settings)["own"] == [module]
    with step.target.start() as endpoint:
        wait_until_answering(endpoint)
        body = b'{"features": [5.1, 3.5, 1.4, 0.2]}'
        answer = json.loads(HttpCaller(endpoint.url).call("POST", "/predict", body=body).body)
    assert answer == {"prediction": 0, "model_version": "v1.0", "seen": 4}
    assert "own" not in json.loads((dist / "service" / "serving.json").read_text())


def test_function_without_its_variable_answers_as_measured(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever it costs, it is no other function."""
    monkeypatch.chdir(dist.parent)
    (variant,) = variants.prepare(["function unset"], bundled_card())
    assert isinstance(variant.target, ProcessTarget)
    assert "FUNCTION_USE_ASGI" not in variant.target.environment
    comparison = compare([variant], rounds=1, model=MODEL, seconds=0.2)
    assert comparison.variants[0].per_second.value > 0


def test_rows_of_own_code_stand_beside_a_plain_service_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a fork has code of its own, no row is the plain one; it measures itself."""
    monkeypatch.chdir(tmp_path)
    assert {"service step", "service middleware"} <= set(variants.default_names(card()))
    (tmp_path / "custom").mkdir()
    (tmp_path / "custom/steps.py").touch()
    assert not {"service step", "service middleware"} & set(variants.default_names(card()))
