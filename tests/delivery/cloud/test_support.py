"""What goes out of support, looked at 90 days ahead."""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.renewal.package_index import serve_index
from tests.renewed import PYTHON as OLDEST
from twinserve.config.errors import UserError
from twinserve.config.params import load_params
from twinserve.config.prices import LIST_PRICES
from twinserve.delivery.cloud.doctor import support
from twinserve.delivery.cloud.doctor.ends import PATH, read_support

PYTHON, RUNTIME = "the service's Python", "the function's runtime"


def know(
    monkeypatch: pytest.MonkeyPatch, folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    """Have looked up what the file says, but for a change."""
    content = json.loads(PATH.read_text())
    change(content)
    path = folder / "support.json"
    path.write_text(json.dumps(content))
    monkeypatch.setattr(support, "read_support", lambda: read_support(path))


def told(today: date) -> Mapping[str, str]:
    """Each finding's line, by its subject."""
    return {finding.subject: finding.line for finding in support.supported(today)}


@pytest.mark.parametrize(
    ("subject", "today", "words"),
    [
        (PYTHON, date(2027, 7, 2), None),
        (PYTHON, date(2027, 7, 3), "goes out of support on 2027-10-01"),
        (PYTHON, date(2027, 10, 1), "is out of support since 2027-10-01"),
        (RUNTIME, date(2027, 7, 25), None),
        (RUNTIME, date(2027, 7, 26), "goes out of support on 2027-10-24"),
        (RUNTIME, date(2027, 10, 24), "is out of support since 2027-10-24"),
    ],
)
def test_end_is_told_in_time(
    subject: str, today: date, words: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From 90 days before, of the image's Python and of the function's runtime, with its source."""
    runtime = load_params().deployment.function.base_image
    dates = {OLDEST: "2027-10-01"}, {runtime: "2027-10-24"}

    def end(support: dict[str, Any]) -> None:
        support["python"]["ends"], support["runtimes"]["ends"] = dates

    know(monkeypatch, tmp_path, end)
    lines = told(today)
    assert (subject in lines) == (words is not None)
    if words:
        assert words in lines[subject]
        assert "https://" in lines[subject]
        assert lines[subject].endswith(" Fix: twinserve renew python VERSION")


def test_what_was_looked_up_long_ago_is_told() -> None:
    """Prices and dates, each by its own day; the setting is how old they may be."""
    support = read_support()
    as_of = max(date.fromisoformat(LIST_PRICES.as_of), support.python.as_of, support.runtimes.as_of)
    late = as_of + timedelta(days=load_params().renewal.max_age_days + 1)
    lines = told(late)
    assert {"prices", "the ends of Python", "the ends of runtimes"} <= set(lines)
    assert "twinserve renew tools" in lines["prices"]


def test_old_base_image_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By the day on which it was built; another image than that which was looked up, too."""
    image = read_support().base_image
    last = image.created + timedelta(days=load_params().renewal.max_age_days)
    assert "the base image" not in told(last)
    assert f"built on {image.created}" in told(last + timedelta(days=1))["the base image"]
    know(monkeypatch, tmp_path, lambda support: support["base_image"].update(name="python:3.0"))
    told_of = f"nobody has looked up when python:{OLDEST}-slim"
    assert told_of in told(image.created)["the base image"]


def test_version_without_a_date_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is taken as supported for want of a date."""
    know(monkeypatch, tmp_path, lambda support: support["runtimes"]["ends"].clear())
    assert "had no date for it" in told(date(2026, 12, 1))[RUNTIME]


def test_all_is_well_today() -> None:
    """On the day of the file nothing is due."""
    assert list(told(read_support().python.as_of)) == ["support"]


def test_version_that_was_taken_back_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its makers' words and the locks that have it, by the index that the user has."""
    with serve_index(tmp_path / "index") as index:
        for name, version in (("alpha", "1.0"), ("alpha", "2.0"), ("beta", "1.0")):
            index.publish(name, version)
        tree = tmp_path / "tree"
        (tree / "locks").mkdir(parents=True)
        (tree / "pyproject.toml").write_text('[project]\nrequires-python = ">=3.11"\n')
        # One package in two versions: each room is asked for.
        (tree / "locks" / "dev.txt").write_text("alpha==2.0\nbeta==1.0\n")
        (tree / "locks" / "small.txt").write_text("alpha==1.0\n")
        monkeypatch.chdir(tree)
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{index.url}/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        assert [finding.line.split()[0] for finding in support.kept()] == ["fine"]
        index.yank("alpha", "1.0", "loses the last row")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "other"))
        (finding,) = support.kept()
        assert finding.told == (
            "alpha 1.0 was taken back by its makers: loses the last row (locks: small)"
        )
        assert finding.cure == "twinserve renew packages alpha"
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "third"))
        # It would wait longer each time.
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        with pytest.raises(UserError, match="uv could not ask the index"):
            support.kept()
