"""Code of a user's own, as their documentation teaches to write it."""

ROUTES = """
import sqlite3
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Depends, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel


class OutOfStockError(Exception):
    pass


async def out_of_stock(request, error):
    return JSONResponse({"sold": "out"}, status_code=418)


exception_handlers = {OutOfStockError: out_of_stock}


@asynccontextmanager
async def lifespan(app):
    app.state.events = ["begun"]
    yield {"greeting": "hello"}
    print("routes ended", flush=True)


router = APIRouter(prefix="/flowers", tags=["flowers"])


def database() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.execute("create table flower (id integer, a real, b real, c real, d real)")
    connection.execute("insert into flower values (7, 5.1, 3.5, 1.4, 0.2)")
    try:
        yield connection
    finally:
        connection.close()


Database = Annotated[sqlite3.Connection, Depends(database)]


class Flower(BaseModel):
    id: int
    label: str


@router.get("/{number}")
def flower(number: int, request: Request, database: Database) -> Flower:
    row = database.execute("select a, b, c, d from flower where id = ?", [number]).fetchone()
    if row is None:
        raise HTTPException(404, f"no flower {number}")
    return Flower(id=number, label=request.app.state.model.predict(row).label)


@router.post("/")
def many(rows: list[list[float]], request: Request, tasks: BackgroundTasks) -> list[int]:
    tasks.add_task(request.app.state.events.append, "background")
    return [one.prediction for one in request.app.state.model.predict_many(rows)]


@router.get("/state/now")
def state(request: Request) -> list[str]:
    return [request.state.greeting, *request.app.state.events]


@router.get("/errors/own")
def own_error() -> None:
    raise OutOfStockError


@router.get("/errors/unforeseen")
def unforeseen() -> None:
    raise RuntimeError("secret")
"""

MIDDLEWARE = '''
class Middleware:
    """Lets nobody in without a key."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] == "http" and (b"x-api-key", b"open") not in scope["headers"]:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"who are you?"})
            return
        await self.app(scope, receive, send)
'''

STEPS = '''
from typing import TypedDict

from twinserve.inference.steps import Refusal

NAMES = {}


class Flower(TypedDict):
    """In inches, and where it was picked."""

    sepal_length: float
    sepal_width: float
    petal_length: float
    petal_width: float
    site: str


def load():
    NAMES.update({"A": "alpine"})


def before(row: Flower):
    site = row.pop("site")
    if site == "sea":
        raise Refusal(409, "no flower grows there")
    if site == "fault":
        raise OSError("secret")
    return {name: value * 2.54 for name, value in row.items()}


def after(row, answer, probabilities):
    sure = max(probabilities.values()) > 0.9
    return answer | {"site": NAMES.get(row["site"], "elsewhere"), "sure": sure}
'''
