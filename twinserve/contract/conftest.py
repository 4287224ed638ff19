"""``python -m pytest twinserve/contract/suite.py --base-url service=URL``."""

from pathlib import Path

import pytest

from twinserve.config.card import Card, load_card
from twinserve.contract.endpoints import GivenEndpoints
from twinserve.contract.fixtures import endpoint, function, limit, service, serving, spread

__all__ = ["endpoint", "function", "limit", "service", "serving"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """The endpoints, and the card of their model."""
    parser.addoption(
        "--base-url",
        action="append",
        required=True,
        metavar="NAME=URL",
        help="hold this endpoint to the contract (repeatable)",
    )
    parser.addoption(
        "--card", default="models/model.json", help="the model card that the endpoints serve"
    )
    parser.addoption(
        "--deployed",
        action="store_true",
        help="the endpoints stand behind Google's front end (twinserve/contract/front_end.py)",
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case on every endpoint that it is about."""
    spread(metafunc, _given(metafunc.config).names)


@pytest.fixture(scope="session")
def endpoints(pytestconfig: pytest.Config) -> GivenEndpoints:
    """Every endpoint of this run, by name."""
    return _given(pytestconfig)


@pytest.fixture(scope="session")
def card(pytestconfig: pytest.Config) -> Card:
    """The card of the model that the endpoints serve."""
    return load_card(Path(pytestconfig.getoption("card")))


@pytest.fixture(scope="session")
def deployed(pytestconfig: pytest.Config) -> bool:
    """Whether the endpoints stand behind Google's front end."""
    return bool(pytestconfig.getoption("deployed"))


def _given(config: pytest.Config) -> GivenEndpoints:
    return GivenEndpoints(config.getoption("base_url"))
