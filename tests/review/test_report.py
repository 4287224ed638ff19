"""The artifact is a stranger's: what does not fit is refused whole, and never quoted."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest

from tests.review.reports import encoded, sample
from twinserve.config.errors import UserError
from twinserve.review.report import LARGEST_BYTES, MOST_ROWS, json_schema, read_untrusted

EVIL = "](https://evil.example)<img src=x>@everyone"


def test_report_that_fits_is_taken() -> None:
    """Nothing of it is lost."""
    report = read_untrusted(encoded(sample()))
    assert report.model_dump(mode="json") == sample()


def test_schema_is_one() -> None:
    """What is published as the shape is valid JSON Schema, closed to unknown members."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


def name_a_metric(members: dict[str, Any]) -> None:
    members["metrics"][0]["name"] = EVIL


def name_a_package(members: dict[str, Any]) -> None:
    members["imports"][0]["changes"][0]["importer"] = EVIL


def name_a_benchmark(members: dict[str, Any]) -> None:
    members["benchmarks"][0]["name"] = "`code`"


def add_a_member(members: dict[str, Any]) -> None:
    members[EVIL] = 1


def drop_a_member(members: dict[str, Any]) -> None:
    del members["bundle_bytes"]


def lengthen(members: dict[str, Any]) -> None:
    members["params"][0]["base"] = "x" * 201


def multiply(members: dict[str, Any]) -> None:
    members["metrics"] *= MOST_ROWS + 1


def make_negative(members: dict[str, Any]) -> None:
    members["bundle_bytes"]["head"] = -1


def make_infinite(members: dict[str, Any]) -> None:
    members["benchmarks"][0]["head_us"] = float("inf")


def make_nan(members: dict[str, Any]) -> None:
    members["benchmarks"][0]["ratio"]["value"] = float("nan")


def make_text(members: dict[str, Any]) -> None:
    members["bundle_bytes"]["head"] = "340000"


def judge_otherwise(members: dict[str, Any]) -> None:
    members["latency"][0]["outcome"] = EVIL


def be_from_the_future(members: dict[str, Any]) -> None:
    members["version"] = 4


@pytest.mark.parametrize(
    "spoil",
    [
        name_a_metric,
        name_a_package,
        name_a_benchmark,
        add_a_member,
        drop_a_member,
        lengthen,
        multiply,
        make_negative,
        make_infinite,
        make_nan,
        make_text,
        judge_otherwise,
        be_from_the_future,
    ],
)
def test_report_that_does_not_fit_is_refused(spoil: Callable[[dict[str, Any]], None]) -> None:
    """One line, in which nothing of the stranger's text stands."""
    members = sample()
    spoil(members)
    with pytest.raises(UserError) as caught:
        read_untrusted(encoded(members))
    assert EVIL not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000],
    ids=["empty", "cut off", "a list", "not UTF-8", "deep"],
)
def test_anything_else_is_refused(content: bytes) -> None:
    """However broken it is, it ends as one line."""
    with pytest.raises(UserError):
        read_untrusted(content)


def test_report_is_not_read_beyond_its_limit() -> None:
    """One that would fit but for its size is refused before anything parses it."""
    padding = b" " * (LARGEST_BYTES + 1 - len(encoded(sample())))
    with pytest.raises(UserError, match="over 262,144: refused"):
        read_untrusted(encoded(sample()) + padding)
    assert read_untrusted(encoded(sample()) + padding[1:])
