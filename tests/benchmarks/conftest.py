"""What tests of comparisons share."""

import pytest

from benchmarks import compare as comparing


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A warm-up that takes no time."""
    monkeypatch.setattr(comparing, "WARM_UP_SECONDS", 0.01)
