"""What a stranger's ``Content-Length`` is taken for."""

import pytest

from twinserve.inference.asgi import declared_length


@pytest.mark.parametrize(
    ("value", "length"),
    [
        (b"0", 0),
        (b"34", 34),
        (b"0" * 4300 + b"34", 34),
        (b"0" * 5000, 0),
        (b"", None),
        (b"-1", None),
        (b"+1", None),
        (b"1_000", None),
        (b"0x10", None),
        (b"1e3", None),
        ("²".encode("latin-1"), None),
    ],
)
def test_length_is_read_without_fault(value: bytes, length: int | None) -> None:
    """A number, whatever stands in front of it, or none."""
    assert declared_length(value) == length


@pytest.mark.parametrize("digits", [21, 4300, 100_000])
def test_length_beyond_all_bounds_is_beyond_every_limit(digits: int) -> None:
    """It is not computed, and no body is so long."""
    assert (declared_length(b"9" * digits) or 0) >= 10**20
