"""Where Vertex AI has its probes and its predictions go, and on which port."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from service.front import Service
from tests.callers import InProcessCaller
from twinserve.config.errors import UserError
from twinserve.contract.calls import HttpCaller
from twinserve.targets.local import local_service
from twinserve.targets.process import LOOPBACK, free_port
from twinserve.targets.ready import wait_until_answering

JSON = [("Content-Type", "application/json")]
DEPLOYED = "/v1/endpoints/123/deployedModels/456"
ROUTES = {"AIP_HEALTH_ROUTE": DEPLOYED, "AIP_PREDICT_ROUTE": f"{DEPLOYED}:predict"}
BODY = b'{"instances": [[5.1, 3.5, 1.4, 0.2]], "parameters": {"include": ["label"]}}'


def test_routes_stand_beside_the_services_own(dist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Health and predictions answer at both; nothing else does."""
    for name, path in ROUTES.items():
        monkeypatch.setenv(name, path)
    caller = InProcessCaller(Service(dist / "service"))
    for path in (DEPLOYED, "/health"):
        assert caller.call("GET", path).status == 200
    for path in (f"{DEPLOYED}:predict", "/predict"):
        answer = json.loads(caller.call("POST", path, JSON, BODY).body)
        assert answer["predictions"] == [{"prediction": 0, "label": "setosa"}]
    assert caller.call("POST", f"{DEPLOYED}:explain", JSON, BODY).status == 404


def test_without_them_no_other_path_is_served(dist: Path) -> None:
    """The paths are Vertex AI's to choose."""
    assert InProcessCaller(Service(dist / "service")).call("GET", DEPLOYED).status == 404


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"AIP_HEALTH_ROUTE": "health"}, "AIP_HEALTH_ROUTE must be a path that begins with /"),
        ({"AIP_HEALTH_ROUTE": "/predict"}, "AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE name the same"),
    ],
)
def test_routes_that_cannot_be_served_stop_the_start(
    dist: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    """One line names the variable."""
    for name, path in variables.items():
        monkeypatch.setenv(name, path)
    with pytest.raises(UserError, match=message):
        Service(dist / "service")


def test_port_of_vertex_counts_before_the_images_own(dist: Path) -> None:
    """The image sets PORT for Cloud Run, which Vertex AI does not know of."""
    port = free_port()
    target = local_service(dist / "service")
    variables = {**target.environment, **ROUTES, "AIP_HTTP_PORT": str(port)}
    with replace(target, environment=variables).start() as endpoint:
        there = replace(endpoint, url=f"http://{LOOPBACK}:{port}")
        wait_until_answering(there)
        reply = HttpCaller(there.url).call("POST", f"{DEPLOYED}:predict", JSON, BODY)
        assert json.loads(reply.body)["model_version"] == "v1.0"
