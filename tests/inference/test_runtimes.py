"""What a runtime does beside predicting: nothing."""

from dataclasses import replace
from pathlib import Path

import pytest

from twinserve.config.card import load_card
from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_function, local_service
from twinserve.targets.ready import wait_until_answering


@pytest.mark.parametrize("name", ["service", "function"])
def test_nothing_is_recorded_to_be_sent(name: str, dist: Path, tmp_path: Path) -> None:
    """Serving leaves no telemetry database or device id behind, where it could write one."""
    make = local_service if name == "service" else local_function
    target = make(dist / name)
    target = replace(target, environment={**target.environment, "HOME": str(tmp_path)})
    features = load_card(dist / name / "model.json").golden[0].features
    with target.start() as endpoint:
        wait_until_answering(endpoint)
        headers = [("Content-Type", "application/json")]
        body = f'{{"features": {features}}}'.encode()
        assert HttpCaller(endpoint.url).call("POST", "/predict", headers, body).status == 200
    # gunicorn keeps a folder of its own there.
    assert {path.name for path in tmp_path.iterdir()} <= {".gunicorn"}
