"""Fixtures of the micro-benchmarks: the parts of the service's bundle, in this process."""

import json
from pathlib import Path

import pytest

from twinserve.config.card import Card, load_card
from twinserve.config.layout import CARD_NAME
from twinserve.inference.model import Model, load_model

BUNDLE = Path("dist/service")


@pytest.fixture(scope="session")
def bundle() -> Path:
    """The service's bundle, made by ``make repro``."""
    return BUNDLE


@pytest.fixture(scope="session")
def card(bundle: Path) -> Card:
    """The card of the model in the bundle."""
    return load_card(bundle / CARD_NAME)


@pytest.fixture(scope="session")
def model(bundle: Path, card: Card) -> Model:
    """The model in the bundle."""
    return load_model(card, bundle)


@pytest.fixture(scope="session")
def body(card: Card) -> bytes:
    """A request whose answer is known."""
    return json.dumps({"features": card.golden[0].features}).encode()
