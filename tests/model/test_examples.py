"""Both ecosystems' own ways to test what is served; write yours beside them, as README.md shows."""

from pathlib import Path

import flask
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.documented import hold_to_document
from tests.tree import ROOT
from twinserve.config.card import load_card
from twinserve.contract.check import check_contract
from twinserve.targets.check_headers import check_headers
from twinserve.targets.local import local_service
from twinserve.targets.ready import wait_until_answering


def test_service_as_fastapis_documentation_tests_one(app: FastAPI) -> None:
    """``TestClient(app)``, without a server."""
    client = TestClient(app, headers=check_headers())
    card = client.get("/model").json()
    answer = client.post("/predict", json={"features": card["golden"][0]["features"]}).json()
    assert answer["prediction"] == card["golden"][0]["prediction"]


def test_function_as_googles_documentation_tests_one(bundles: Path) -> None:
    """``predict`` with a Flask request, without functions-framework."""
    from function.main import predict

    golden = load_card(bundles / "function" / "model.json").golden[0]
    body = {"features": golden.features}
    with flask.Flask(__name__).test_request_context("/", method="POST", json=body):
        answer = predict(flask.request)  # type: ignore[arg-type]
    assert isinstance(answer, flask.Response)
    assert answer.get_json()["prediction"] == golden.prediction


def test_contract_holds_at_a_base_url(bundles: Path) -> None:
    """As ``pytest twinserve/contract/suite.py --base-url=service=URL`` asks any URL."""
    with local_service(bundles / "service").start() as endpoint:
        wait_until_answering(endpoint)
        assert check_contract([endpoint], bundles / "service" / "model.json").failed == 0


@pytest.mark.skipif(not (ROOT / "custom/routes.py").exists(), reason="there are no own routes")
def test_own_routes_do_as_the_openapi_document_says(bundles: Path, tmp_path: Path) -> None:
    """No generated request gets a fault of the server's, or a body of another form."""
    checks = "not_a_server_error,response_schema_conformance,content_type_conformance"
    with local_service(bundles / "service").start() as endpoint:
        wait_until_answering(endpoint)
        hold_to_document(endpoint, tmp_path, (f"--checks={checks}", "--max-examples=20"))
