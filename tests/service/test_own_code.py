"""Routes and middleware of a user's own, and the application under FastAPI's own ways to run it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from service.front import Service
from service.pages import Pages
from tests.service.own_code import MIDDLEWARE, ROUTES
from twinserve.config.errors import UserError

SETOSA = {"features": [5.1, 3.5, 1.4, 0.2]}
Checkout = Callable[..., Path]


@pytest.fixture
def checkout(tmp_path: Path, dist: Path) -> Iterator[Checkout]:
    """A checkout with these modules of a user's own, and its bundle."""
    before = set(sys.modules)

    def make(**modules: str) -> Path:
        (tmp_path / "custom").mkdir()
        (tmp_path / "dist").symlink_to(dist)
        for name, text in modules.items():
            (tmp_path / "custom" / f"{name}.py").write_text(text)
        return tmp_path

    yield make
    sys.path[:] = [one for one in sys.path if one != str(tmp_path)]
    for name in set(sys.modules) - before:
        if name.startswith("custom"):
            del sys.modules[name]


def served(root: Path) -> Service:
    return Service(root / "dist/service", root)


def application(root: Path) -> FastAPI:
    return Pages(served(root)).as_application()


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
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "import sys, service.app as a; print('fastapi' in sys.modules, 'app' in dir(a)); "
                "print(type(a.app).__name__, a.app is a.app)"
            ),
        ],
        cwd=dist / "service",
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["False True", "FastAPI True"]


def test_checkout_without_a_bundle_is_told_the_command(tmp_path: Path, dist: Path) -> None:
    """One line, not a traceback."""
    for name in ("twinserve", "service"):
        shutil.copytree(dist / "service" / name, tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-m", "uvicorn", "service.app:app"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "make the bundle with `dvc repro`" in done.stderr.splitlines()[-1]


EDGES = """
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, HTTPException, Request
from pydantic import BaseModel
from starlette.exceptions import HTTPException as AnyHttp

begun = []


@asynccontextmanager
async def lives(app):
    begun.append("router")
    yield
    print("router ended", flush=True)


async def teapot(request, error):
    from fastapi.responses import JSONResponse

    return JSONResponse({"own": error.status_code}, status_code=error.status_code)


exception_handlers = {AnyHttp: teapot}
router = APIRouter(prefix="/top", lifespan=lives)
inner = APIRouter(prefix="/inner")
mounted = FastAPI()


class Prediction(BaseModel):
    mine: int


@router.get("")
def top(request: Request) -> Prediction:
    return Prediction(mine=len(begun))


@inner.get("/{number}")
def below(number: int) -> list[str]:
    return begun


@mounted.post("/deep")
def deep() -> str:
    return "deep"


router.include_router(inner)
router.mount("/sub", mounted)
"""


def test_included_routers_and_mounted_applications_answer(checkout: Checkout) -> None:
    """A prefix with an empty path, a router in the router, an application below a path."""
    client = TestClient(served(checkout(routes=EDGES)))
    assert client.get("/top").json() == {"mine": 1}
    assert client.get("/top/inner/3").json() == ["router"]
    assert client.post("/sub/deep").json() == "deep"
    assert client.options("/top/inner/3").headers["allow"] == "GET, OPTIONS"
    assert client.options("/sub/deep").status_code == 405
    assert client.head("/top").status_code == 405
    assert client.get("/top/").status_code == 404


def test_lifespan_of_the_router_itself_ends_with_the_server(
    checkout: Checkout, capfd: pytest.CaptureFixture[str]
) -> None:
    """As ``APIRouter(lifespan=...)`` has it; it begins once."""
    with TestClient(served(checkout(routes=EDGES))) as client:
        assert [client.get("/top").json()["mine"] for _ in "ab"] == [1, 1]
    assert "router ended" in capfd.readouterr().out


def test_own_exception_handlers_leave_the_contracts_pages_alone(checkout: Checkout) -> None:
    """On an own path an own handler answers; a page's refusal stays a problem."""
    client = TestClient(served(checkout(routes=EDGES)))
    assert client.post("/top").json() == {"own": 405}
    refused = client.delete("/docs")
    assert refused.headers["content-type"] == "application/problem+json"
    assert client.get("/assets/nope.js").json()["title"] == "Not Found"


def test_own_model_of_a_name_of_the_contract_keeps_its_schema(checkout: Checkout) -> None:
    """A user's ``Prediction`` is not the contract's in the OpenAPI document."""
    document = TestClient(served(checkout(routes=EDGES))).get("/openapi.json").json()
    answer = document["paths"]["/top"]["get"]["responses"]["200"]["content"]["application/json"]
    assert answer["schema"] == {"$ref": "#/components/schemas/OwnPrediction"}
    assert "mine" in document["components"]["schemas"]["OwnPrediction"]["properties"]
    assert "model_version" in document["components"]["schemas"]["Prediction"]["properties"]


@pytest.mark.parametrize(
    ("route", "line"),
    [
        ("@router.get('')\ndef f(): ...", "the route f has no path, and / is the contract's own"),
        ("@router.websocket('/ws')\nasync def f(s): ...", "APIWebSocketRoute /ws: only HTTP"),
        ("@router.get('/{a}/{b}/{c}')\ndef f(): ...", "answers /v2/x/x, which is the contract"),
    ],
)
def test_route_that_could_not_be_served_is_refused(
    checkout: Checkout, route: str, line: str
) -> None:
    """At the start, not by a 500 of every page or by a route that is never reached."""
    text = f"from fastapi import APIRouter\nrouter = APIRouter()\n{route}\n"
    with pytest.raises(UserError, match=f"custom/routes.py: .*{line}"):
        served(checkout(routes=text))


def test_pages_of_the_contract_need_no_lifespan(checkout: Checkout) -> None:
    """A user's lifespan that fails takes the user's routes along, and nothing else."""
    broken = ROUTES.replace('app.state.events = ["begun"]', 'raise OSError("no database")')
    client = TestClient(served(checkout(routes=broken)), raise_server_exceptions=False)
    assert [client.get(path).status_code for path in ("/flowers/7", "/docs")] == [500, 200]


@pytest.mark.parametrize(
    "text", ["class Middleware:\n    def __init__(self, app): raise OSError('no key')", "def f(:"]
)
def test_middleware_that_cannot_be_had_is_one_line(checkout: Checkout, text: str) -> None:
    """With the file and the line in it."""
    with pytest.raises(UserError, match=r"custom/middleware.py, line \d: (OSError|SyntaxError): "):
        application(checkout(middleware=text))
