"""A cold start's parts: by one rule in every place, and never more or less than the whole."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinserve.measure.cold.anatomy import Client, take_apart, typical_parts
from twinserve.measure.cold.proof import TICK_MS, Part

TOLD = (Part("interpreter", 40), Part("imports", 20), Part("model", 5), Part("predict", 1))
# Address 1, connection 4, TLS 9; the first byte 600 after the request, the last 2 after that.
FAR = Client(1, 4, 9, 600, 2)
NEAR = Client(0, 0.2, 0, 3, 0.1)


def durations(parts: tuple[Part, ...]) -> dict[str, float]:
    """By name."""
    return {part.name: part.ms for part in parts}


def test_platform_is_what_passed_between_request_and_process() -> None:
    """Worked out by hand: 600 until the first byte, a round trip of 4 and an age of 80 off."""
    parts = durations(take_apart(FAR, TOLD, total_ms=616, age_ms=80, local=False))
    assert parts == pytest.approx(
        {
            "platform": 516,
            "interpreter": 40,
            "imports": 20,
            "model": 5,
            "predict": 1,
            "network": 1 + 4 + 9 + 2 + 4,
            "rest": 14,
        }
    )


def test_spawn_is_what_asks_for_a_local_process() -> None:
    """Worked out by hand: 500 in all, 80 of age and the answer's way home; the client waited."""
    parts = durations(take_apart(NEAR, TOLD, total_ms=500, age_ms=80, local=True))
    assert parts == pytest.approx(
        {
            "platform": 500 - 80 - 0.1 - 0.1,
            "interpreter": 40,
            "imports": 20,
            "model": 5,
            "predict": 1,
            "network": 0.5,
            "rest": 80 - 66 - 0.3,
        }
    )


@pytest.mark.parametrize("local", [True, False])
def test_tick_is_taken_off_where_it_was_added(local: bool) -> None:  # noqa: FBT001
    """A process that seems to be older than the demand for it: its interpreter took less."""
    client = replace(NEAR, first_byte_ms=76.2)
    parts = durations(take_apart(client, TOLD, total_ms=76.2, age_ms=80, local=local))
    assert parts["platform"] == 0
    assert 40 - TICK_MS <= parts["interpreter"] < 37
    assert sum(parts.values()) == pytest.approx(76.2)


amounts = st.floats(0, 1e3)


@given(st.builds(Client, *[amounts] * 5), st.lists(amounts, min_size=4, max_size=4), amounts)
def test_parts_make_up_the_whole(client: Client, told: list[float], more: float) -> None:
    """Whatever the clocks say, as long as the server's parts are within its age."""
    parts = tuple(Part(part.name, ms) for part, ms in zip(TOLD, told, strict=True))
    age = sum(told) + more
    waited = client.look_up_ms + client.connect_ms + client.secure_ms + client.last_byte_ms
    total = waited + client.connect_ms + age
    far = replace(client, first_byte_ms=age + client.connect_ms)
    for local in (True, False):
        apart = take_apart(far, parts, total_ms=total, age_ms=age, local=local)
        assert all(part.ms >= 0 for part in apart)
        assert sum(part.ms for part in apart) == pytest.approx(total)


def test_typical_parts_make_up_the_median_and_no_outlier_does() -> None:
    """The middle half of the samples gives the shares; a part that some do not tell counts."""
    samples = [
        (Part("imports", 100.0), Part("rest", 100.0)),
        (Part("imports", 150.0), Part("other", 10.0), Part("rest", 50.0)),
        (Part("imports", 150.0), Part("rest", 50.0)),
        (Part("imports", 10.0), Part("rest", 9990.0)),
    ]
    totals = [200.0, 210.0, 200.0, 10_000.0]
    parts = typical_parts(totals, samples, 205.0)
    assert [part.name for part in parts] == ["imports", "rest", "other"]
    assert sum(part.ms for part in parts) == pytest.approx(205)
    assert parts[0].ms == pytest.approx(205 * 300 / 410)
