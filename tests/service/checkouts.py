"""A checkout with code of a user's own, and what serves it."""

from collections.abc import Callable
from pathlib import Path

from fastapi import FastAPI

from service.front import Service
from service.pages import Pages

Checkout = Callable[..., Path]


def served(root: Path) -> Service:
    return Service(root / "dist/service", root)


def application(root: Path) -> FastAPI:
    return Pages(served(root)).as_application()
