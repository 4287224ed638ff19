"""What a table costs a quick test that is about the table: fewer random rows, not other ones."""

import pytest

from twinserve.training.served.requests import drawn

NIGHTLY = "nightly"


@pytest.fixture(autouse=True)
def _fewer_random_rows(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The parity has tests of its own, with as many rows as users have."""
    if request.node.get_closest_marker(NIGHTLY) is None:
        monkeypatch.setattr(drawn, "RANDOM_ROWS", 2_000)
