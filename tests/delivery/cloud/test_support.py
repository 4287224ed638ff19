"""What goes out of support, looked at 90 days ahead."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from tests.tree import ROOT
from twinserve.config.params import load_params
from twinserve.config.prices import LIST_PRICES
from twinserve.delivery.cloud.doctor import support
from twinserve.delivery.cloud.doctor.ends import PATH, read_support

ENDS = {"3.11": date(2027, 10, 24), "python311": date(2027, 10, 24)}


def told(today: date) -> Mapping[str, str]:
    """Each finding's line, by its subject."""
    return {finding.subject: finding.line for finding in support.supported(today)}


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2027, 7, 25), None),
        (date(2027, 7, 26), "goes out of support on 2027-10-24"),
        (date(2027, 10, 24), "is out of support since 2027-10-24"),
    ],
    ids=["91 days before", "90 days before", "its day"],
)
def test_end_is_told_in_time(today: date, words: str | None) -> None:
    """Of the image's Python and of the function's runtime, with the source and what to do."""
    lines = told(today)
    for subject in ("the service's Python", "the function's runtime"):
        assert (subject in lines) == (words is not None)
        if words:
            assert words in lines[subject]
            assert "https://" in lines[subject]
            assert " Fix: " in lines[subject]


def test_what_was_looked_up_long_ago_is_told() -> None:
    """Prices and dates, each by its own day; the setting is how old they may be."""
    as_of = max(date.fromisoformat(LIST_PRICES.as_of), read_support().as_of)
    days = load_params().renewal.max_age_days
    late = date.fromordinal(as_of.toordinal() + days + 1)
    assert {"prices", "dates of support"} <= set(told(late))
    assert "twinserve renew tools" in told(late)["prices"]


def test_version_without_a_date_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken as supported for want of a date."""
    content = json.loads(PATH.read_text())
    del content["runtimes"]["ends"]["python311"]
    path = tmp_path / "support.json"
    path.write_text(json.dumps(content))
    monkeypatch.setattr(support, "read_support", lambda: read_support(path))
    assert "had no date for it" in told(date(2026, 12, 1))["the function's runtime"]


def test_all_is_well_today() -> None:
    """On the day of the file nothing is due."""
    assert list(told(read_support().as_of)) == ["support"]
    assert ENDS["3.11"] == read_support().python.ends["3.11"]
    assert (ROOT / "service/Dockerfile").exists()
