"""Gives each case the endpoints that it is about."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.card import Card, load_card
from config.params import load_params
from tests.contract.calls import Caller
from tests.contract.endpoints import Endpoints, names


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case on every endpoint that it is about."""
    chosen = {
        "endpoint": names(metafunc.config),
        "service": [name for name in names(metafunc.config) if name.startswith("service")],
        "function": [name for name in names(metafunc.config) if name.startswith("function")],
    }
    for fixture, values in chosen.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, values, indirect=True)


@pytest.fixture(scope="session")
def endpoints(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Iterator[Endpoints]:
    """Every endpoint of this run, by name."""
    opened = Endpoints(pytestconfig, request)
    yield opened
    opened.close()


@pytest.fixture
def endpoint(request: pytest.FixtureRequest, endpoints: Endpoints) -> Caller:
    """An endpoint of any kind."""
    return endpoints[request.param]


@pytest.fixture
def service(request: pytest.FixtureRequest, endpoints: Endpoints) -> Caller:
    """A service."""
    return endpoints[request.param]


@pytest.fixture
def function(request: pytest.FixtureRequest, endpoints: Endpoints) -> Caller:
    """A function."""
    return endpoints[request.param]


@pytest.fixture(scope="session")
def card(pytestconfig: pytest.Config, request: pytest.FixtureRequest) -> Card:
    """The card of the model that the endpoints serve."""
    if not pytestconfig.getoption("base_url"):
        request.getfixturevalue("bundles")
    return load_card(Path(pytestconfig.getoption("card")))


@pytest.fixture(scope="session")
def deployed(pytestconfig: pytest.Config) -> bool:
    """Whether the endpoints stand behind Google's front end."""
    return bool(pytestconfig.getoption("deployed"))


@pytest.fixture(scope="session")
def limit() -> int:
    """The largest body, in bytes."""
    return load_params().serving.max_body_bytes
