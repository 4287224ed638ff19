"""Cloud Logging as the real gcloud sees it."""

import pytest

from tests.google.api import Json
from tests.google.commands import fail, succeed
from tests.google.fake import FakeGoogle


def entry(at: str, service: str = "app", severity: str = "INFO") -> Json:
    """An entry of a service, written at a moment of one day."""
    return {
        "timestamp": f"2026-03-01T{at}Z",
        "severity": severity,
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": service}},
        "jsonPayload": {"told": {"format": 1}},
    }


@pytest.fixture
def logged(google: FakeGoogle) -> FakeGoogle:
    """A project with a few entries."""
    google.state.logs += [
        entry("01:00:00"),
        entry("03:00:00", severity="ERROR"),
        entry("02:00:00", service="other"),
    ]
    return google


@pytest.mark.parametrize(
    ("wanted", "hours"),
    [
        ('timestamp>="2026-03-01T00:00:00Z"', ["03", "02", "01"]),
        ('timestamp>"2026-03-01T01:00:00Z" AND timestamp<"2026-03-01T03:00:00Z"', ["02"]),
        ('resource.labels.service_name="app" AND timestamp>"2020"', ["03", "01"]),
        ('resource.labels.service_name!="app" AND timestamp>"2020"', ["02"]),
        ('severity>=WARNING AND timestamp>"2020"', ["03"]),
        ('jsonPayload.told.format=1 AND timestamp>"2020"', ["03", "02", "01"]),
        ('jsonPayload.told.format=2 AND timestamp>"2020"', []),
        ('jsonPayload.untold.format=1 AND timestamp>"2020"', []),
    ],
)
def test_entries_are_those_of_the_filter_the_newest_first(
    logged: FakeGoogle, wanted: str, hours: list[str]
) -> None:
    """Comparisons joined by AND; a field that is not there equals nothing."""
    entries = succeed(logged, "logging", "read", wanted)
    assert [logged_entry["timestamp"][11:13] for logged_entry in entries] == hours


def test_limit_and_pages_are_kept(google: FakeGoogle) -> None:
    """More than a page's entries come page by page, and no more than were asked for."""
    google.state.logs += [entry(f"{n // 60:02}:{n % 60:02}:00") for n in range(1100)]
    wanted = 'timestamp>"2020"'
    assert len(succeed(google, "logging", "read", wanted, "--limit=1050")) == 1050
    assert len(succeed(google, "logging", "read", wanted, "--limit=3")) == 3


def test_filter_that_cannot_be_parsed_is_refused(logged: FakeGoogle) -> None:
    """Rather than answered with something."""
    assert "Unparseable filter" in fail(logged, "logging", "read", 'timestamp>"2020" AND (a OR')
