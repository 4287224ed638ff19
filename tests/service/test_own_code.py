"""Routes and middleware of a user's own, and the application under FastAPI's own ways to run it."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from tests.service.checkouts import Checkout, application, served
from tests.service.own_code import MIDDLEWARE, ROUTES
from tests.tools import run
from twinserve.config.errors import UserError

SETOSA = {"features": [5.1, 3.5, 1.4, 0.2]}


@pytest.mark.parametrize("kind", ["own server", "another server"])
def test_own_route_answers_with_a_dependency_and_the_model(checkout: Checkout, kind: str) -> None:
    """Under our server, which builds FastAPI for it, and under any other, which has ``app``."""
    root = checkout(routes=ROUTES)
    asked = served(root) if kind == "own server" else application(root)
    with TestClient(asked) as client:
        assert client.get("/flowers/7").json() == {"id": 7, "label": "setosa"}
        assert client.post("/flowers/", json=[[6.3, 2.5, 5.0, 1.9]]).json() == [2]
        assert client.get("/flowers/state/now").json() == ["hello", "begun", "background"]
        assert client.post("/predict", json=SETOSA).json()["prediction"] == 0


def test_own_routes_keep_fastapis_own_refusals(checkout: Checkout) -> None:
    """Its form of errors, and a user's own handlers; a row that is none is the contract's 422."""
    client = TestClient(served(checkout(routes=ROUTES)), raise_server_exceptions=False)
    missing = client.get("/flowers/8")
    assert (missing.status_code, missing.json()) == (404, {"detail": "no flower 8"})
    wrong = client.get("/flowers/seven")
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["loc"] == ["path", "number"]
    assert client.get("/flowers/errors/own").status_code == 418
    none = client.post("/flowers/", json=[[1.0]])
    assert none.status_code == 422
    assert none.json()["errors"][0]["pointer"] == "#/features"
    unforeseen = client.get("/flowers/errors/unforeseen")
    assert unforeseen.status_code == 500
    assert "secret" not in unforeseen.text


def test_own_routes_are_named_counted_and_logged_like_ours(
    checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each answer says who gave it, each has its line, and preflight knows the methods."""
    client = TestClient(served(checkout(routes=ROUTES)))
    answer = client.get("/flowers/7", headers={"X-Request-Id": "mine"})
    assert answer.headers["x-request-id"] == "mine"
    assert "requests=1" in answer.headers["x-instance"]
    assert client.options("/flowers/").headers["allow"] == "POST, OPTIONS"
    lines = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    assert {"GET /flowers/7 200", "OPTIONS /flowers/ 204"} == {line["message"] for line in lines}


def test_own_routes_stand_in_the_openapi_document(checkout: Checkout) -> None:
    """Beside the contract's paths, which stay as they are."""
    document = TestClient(served(checkout(routes=ROUTES))).get("/openapi.json").json()
    assert {"/predict", "/health", "/model", "/flowers/{number}"} <= document["paths"].keys()


@pytest.mark.parametrize(
    ("path", "owner"), [("/predict", "/predict"), ("/v2/models", "/v2"), ("/{any:path}", "/")]
)
def test_route_on_a_path_of_the_contract_is_refused(
    checkout: Checkout, path: str, owner: str
) -> None:
    """At the start, in one line that names both."""
    text = (
        f"from fastapi import APIRouter\nrouter = APIRouter()\n@router.get({path!r})\ndef f(): ..."
    )
    with pytest.raises(UserError, match=rf"custom/routes.py: the route .* answers {owner}, "):
        served(checkout(routes=text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "import nothing_of_this_name",
            "line 1: ModuleNotFoundError: .*; name its package in custom/requirements.txt",
        ),
        ("def f(:\n", "custom/routes.py, line 1: SyntaxError: "),
        ("router = 5\n", "custom/routes.py: expected a fastapi.APIRouter named `router`"),
    ],
)
def test_module_that_cannot_be_had_is_one_line(checkout: Checkout, text: str, line: str) -> None:
    """With the file, the line in it and the reason."""
    with pytest.raises(UserError, match=line):
        served(checkout(routes=text))


def test_scanner_builds_no_application(checkout: Checkout) -> None:
    """A path that is nobody's is refused without FastAPI."""
    service = served(checkout(routes=ROUTES))
    assert TestClient(service).get("/wp-login.php").status_code == 404
    assert service.built is None


def test_dependency_is_overridden_as_fastapis_documentation_has_it(checkout: Checkout) -> None:
    """``app.dependency_overrides`` reaches own routes."""
    app = application(checkout(routes=ROUTES))
    database = sys.modules["custom.routes"].database

    class Empty:
        def execute(self, *_: object) -> "Empty":
            return self

        def fetchone(self) -> None:
            return None

    app.dependency_overrides[database] = Empty
    assert TestClient(app).get("/flowers/7").status_code == 404


def test_lifespan_that_fails_is_the_routes_500(checkout: Checkout) -> None:
    """Predictions go on, and the next request tries again."""
    broken = ROUTES.replace('app.state.events = ["begun"]', 'raise OSError("no database")')
    client = TestClient(served(checkout(routes=broken)), raise_server_exceptions=False)
    answer = client.get("/flowers/7")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert client.post("/predict", json=SETOSA).status_code == 200


def test_middleware_stands_before_everything(checkout: Checkout) -> None:
    """Before predictions and pages, in one order under any server."""
    client = TestClient(application(checkout(middleware=MIDDLEWARE, routes=ROUTES)))
    for method, path in (("POST", "/predict"), ("GET", "/health"), ("GET", "/flowers/7")):
        assert client.request(method, path).status_code == 401
    key = {"X-Api-Key": "open"}
    assert client.post("/predict", json=SETOSA, headers=key).status_code == 200
    assert client.get("/flowers/7", headers=key).status_code == 200


def test_application_is_made_when_it_is_asked_for(dist: Path) -> None:
    """Importing ``service.app`` imports no FastAPI; ``app`` is one, and is among its names."""
    done = run(
        [
            sys.executable,
            "-c",
            (
                "import sys, service.app as a; print('fastapi' in sys.modules, 'app' in dir(a)); "
                "print(type(a.app).__name__, a.app is a.app)"
            ),
        ],
        cwd=dist / "service",
        code=0,
    )
    assert done.stdout.splitlines() == ["False True", "FastAPI True"]


def test_checkout_without_a_bundle_is_told_the_command(tmp_path: Path, dist: Path) -> None:
    """One line, not a traceback."""
    for name in ("twinserve", "service"):
        shutil.copytree(dist / "service" / name, tmp_path / name)
    done = run([sys.executable, "-m", "uvicorn", "service.app:app"], cwd=tmp_path, code=1)
    assert "Traceback" not in done.stderr
    assert "make the bundle with `dvc repro`" in done.stderr.splitlines()[-1]
