"""Code of a user's own that a user rarely has: applications in applications, names that clash."""

import pytest
from fastapi.testclient import TestClient

from tests.service.checkouts import Checkout, application, served
from tests.service.own_code import ROUTES
from twinserve.config.errors import UserError

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
