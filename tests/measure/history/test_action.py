"""The history in the form of github-action-benchmark."""

import json
from pathlib import Path

from tests.measure.history.synthetic import history
from twinserve.measure.history.page import write_history

URL = "https://github.com/owner/flowers"


def test_data_is_as_its_page_reads_it(tmp_path: Path) -> None:
    """A script that sets one variable: by suite, each run with its commit, date, tool, benches."""
    write_history([*history(3), *history(1, place="local")], URL, tmp_path)
    text = (tmp_path / "data.js").read_text(encoding="utf-8")
    assert text.startswith("window.BENCHMARK_DATA = ")
    data = json.loads(text.removeprefix("window.BENCHMARK_DATA = "))
    assert data["repoUrl"] == URL
    assert list(data["entries"]) == ["Latency, deployed", "Latency, local"]
    runs = data["entries"]["Latency, deployed"]
    assert [run["tool"] for run in runs] == ["customSmallerIsBetter"] * 3
    assert runs[0]["date"] == 1_709_176_620_000
    assert data["lastUpdate"] >= runs[0]["date"]
    assert runs[1]["commit"]["id"] == "02" * 20
    assert runs[1]["commit"]["url"] == f"{URL}/commit/{'02' * 20}"
    assert {"author", "committer", "message", "timestamp"} < runs[1]["commit"].keys()


def test_latest_is_as_the_action_takes_it(tmp_path: Path) -> None:
    """A list of name, unit, value; with a range, and what else there is to know."""
    write_history(history(2), URL, tmp_path)
    latest = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in latest][:3] == [
        "service: cold start, median",
        "service: warm latency, p50",
        "service: warm latency, p99",
    ]
    assert len(latest) == 6
    for one in latest:
        assert one["unit"] == "ms"
        assert one["value"] > 0
        assert one["range"].startswith("± ")
        assert "bundle cdcd" in one["extra"]
