"""The rule by which a start counts as cold."""

import pytest

from twinserve.measure.cold.proof import (
    TICK_MS,
    Instance,
    Part,
    Rejection,
    judge,
    read_instance,
    read_server_timing,
)


@pytest.mark.parametrize(
    ("instance", "verdict"),
    [
        (Instance("i1", 1, 90.0), None),
        (Instance("i1", 1, 100.0 + TICK_MS / 2), None),
        (Instance("i1", 1, 100.0 + TICK_MS), Rejection.TOO_OLD),
        (Instance("i1", 1, 5000.0), Rejection.TOO_OLD),
        (Instance("i1", 2, 90.0), Rejection.NOT_FIRST),
        (Instance("i1", 0, 90.0), Rejection.NOT_FIRST),
        (Instance("old", 1, 90.0), Rejection.SEEN),
        (None, Rejection.ANONYMOUS),
    ],
)
def test_cold_is_the_first_answer_of_a_new_and_young_instance(
    instance: Instance | None, verdict: Rejection | None
) -> None:
    """New, first, and begun within the last 100 ms by its own account, less one tick."""
    assert judge(instance, {"old"}, 100.0) == verdict


@pytest.mark.parametrize(
    ("header", "instance"),
    [
        ("i3fa9c1; requests=1; age=183.214", Instance("i3fa9c1", 1, 183.214)),
        ("i3fa9c1;age=0.5;requests=12;zone=a", Instance("i3fa9c1", 12, 0.5)),
        ("i3fa9c1; requests=one; age=1", None),
        ("i3fa9c1; requests=1", None),
        ("i3fa9c1", None),
        ("3fa9; requests=1; age=1", None),
        ("", None),
        (None, None),
    ],
)
def test_an_instance_header_is_read_whole_or_not_at_all(
    header: str | None, instance: Instance | None
) -> None:
    """Token, requests and age, in any order; anything less proves nothing."""
    assert read_instance(header) == instance


@pytest.mark.parametrize(
    ("header", "parts"),
    [
        ("a;dur=1.5, b;dur=2", (Part("a", 1.5), Part("b", 2.0))),
        ('a;desc="x";dur="1.5"', (Part("a", 1.5),)),
        ("cache, a; dur=1", (Part("a", 1.0),)),
        ("a;dur=soon, ;;, b;dur=2", (Part("b", 2.0),)),
        ("", ()),
        (None, ()),
    ],
)
def test_server_timing_gives_the_parts_that_have_a_duration(
    header: str | None, parts: tuple[Part, ...]
) -> None:
    """Metrics without a duration, and malformed ones, are left out."""
    assert read_server_timing(header) == parts
