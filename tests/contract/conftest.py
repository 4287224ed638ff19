"""The contract suite on endpoints that are made here: in process, and as local processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.endpoints import NAMES, EndpointsMadeHere
from twinserve.config.card import Card, load_card
from twinserve.contract.fixtures import endpoint, function, limit, service, serving, spread

__all__ = ["endpoint", "function", "limit", "service", "serving"]
pytest.register_assert_rewrite("twinserve.contract.suite")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case on every endpoint that it is about."""
    spread(metafunc, NAMES)


@pytest.fixture(scope="session")
def endpoints(bundles: Path) -> Iterator[EndpointsMadeHere]:
    """Every endpoint of this run, by name."""
    with EndpointsMadeHere(bundles) as made:
        yield made


@pytest.fixture(scope="session")
def deployed() -> bool:
    """What is made here stands behind nobody's front end."""
    return False


@pytest.fixture(scope="session")
def card(bundles: Path) -> Card:
    """The card of the model that the endpoints serve."""
    return load_card(bundles.parent / "models" / "model.json")
