"""How many golden cases the contract asks for in a request."""

import pytest

from tests.measure.fakes import card
from twinserve.config.card import GoldenCase
from twinserve.config.serving import Serving
from twinserve.contract.cases import golden_of_one_request


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 1000),
        ({"max_rows": 7}, 7),
        ({"max_batch_bytes": 200}, 100 // len("[0.5, 0], ")),
        ({"max_batch_bytes": 64, "max_rows": 1}, 1),
    ],
)
def test_a_request_holds_no_more_golden_cases_than_it_may(
    limits: dict[str, int], expected: int
) -> None:
    """A model of thirty classes has as many cases; fifty times those are more rows than allowed."""
    many = card()._replace(golden=[GoldenCase([0.5, number % 10], 0) for number in range(30)])
    serving = Serving.model_construct(None, **limits)
    assert len(golden_of_one_request(many, serving, 50)) == expected
