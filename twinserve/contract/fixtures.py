"""Fixtures of every case, wherever its endpoints come from."""

from collections.abc import Sequence

import pytest

from twinserve.config.params import load_params
from twinserve.config.serving import Serving
from twinserve.contract.calls import Caller
from twinserve.contract.endpoints import Endpoints


def spread(metafunc: pytest.Metafunc, names: Sequence[str]) -> None:
    """Run a case on every endpoint that it is about."""
    chosen = {
        "endpoint": list(names),
        "service": [name for name in names if name.startswith("service")],
        "function": [name for name in names if name.startswith("function")],
    }
    for fixture, values in chosen.items():
        if fixture in metafunc.fixturenames:
            metafunc.parametrize(fixture, values, indirect=True)


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
def serving() -> Serving:
    """The settings that both endpoints obey."""
    return load_params().serving


@pytest.fixture(scope="session")
def limit(serving: Serving) -> int:
    """The largest body of a request for one row, in bytes."""
    return serving.max_body_bytes
