"""The report's three files and its table in a terminal."""

import json
import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from tests.measure.fakes import card, results, target_result
from tests.page.parsed_page import ParsedPage
from twinserve.measure.run.report import Checked, write_report
from twinserve.measure.run.results import Results
from twinserve.measure.run.terminal import cost_line, summary_table
from twinserve.measure.statistics import Outcome


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder with a report."""
    write_report(results(), card("<flowers>"), [Checked("Contract", 1234)], tmp_path / "reports")
    return tmp_path / "reports"


def test_the_page_needs_nothing_but_itself(written: Path) -> None:
    """No script, no reference, no address; every element is closed and every picture named."""
    text = (written / "report.html").read_text(encoding="utf-8")
    page = ParsedPage(text)
    assert (page.references, page.unnamed) == ([], [])
    assert text.count("<svg") == 4
    assert not re.search(r"https?://|<script|@import|url\(", text)


def test_the_page_is_escaped_and_fits_phones_and_dark_rooms(written: Path) -> None:
    """Names are text, never markup; the viewport and the colour scheme are declared."""
    text = (written / "report.html").read_text(encoding="utf-8")
    assert "&lt;flowers&gt;" in text
    assert "seen &lt;before&gt; (2)" in text
    assert 'name="viewport" content="width=device-width' in text
    assert "prefers-color-scheme: dark" in text


@pytest.mark.parametrize("name", ["report.html", "report.md"])
def test_both_readable_forms_hold_the_figures(written: Path, name: str) -> None:
    """Median with interval, percentiles, throughput, memory, budgets, checks, model, machine."""
    text = (written / name).read_text(encoding="utf-8")
    for figure in ("304", "1,000", "16,000", "50.0 MB", "1,500 ms", "1,234 checks passed"):
        assert figure in text
    for words in (
        "within budgets",
        "some.Estimator",
        "cdcdcdcdcdcd",
        "29 February 2024",
        "Some CPU",
    ):
        assert words in text


def test_markdown_tables_are_whole(written: Path) -> None:
    """Every row of a table has as many cells as its head."""
    for block in (written / "report.md").read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line.startswith("|")]
        assert len({line.count("|") for line in lines}) <= 1


def test_json_holds_every_sample(written: Path) -> None:
    """For programs: raw samples beside the estimates."""
    content = json.loads((written / "report.json").read_text(encoding="utf-8"))
    service = content["results"]["targets"][0]
    assert content["format"] == 3
    assert content["checks"] == [{"what": "Contract", "passed": 1234}]
    assert len(service["cold"]["samples"]) == 10
    assert len(service["warm"]["latencies_ms"]) == 100


def test_what_was_not_measured_is_said_to_be_so(tmp_path: Path) -> None:
    """No PSS and no load average on this system, no bundle and no check: the report stands."""
    bare = results(target_result("service", memory=None), load=None)
    text = write_report(bare, card(), [], tmp_path).read_text(encoding="utf-8")
    assert text.count("not measured here") >= 3
    assert "checks passed" not in text


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.KEPT, "within budgets"),
        (Outcome.WARNING, "perhaps over budget"),
        (Outcome.BROKEN, "over budget"),
    ],
)
def test_a_verdict_is_words_not_only_a_colour(outcome: Outcome, words: str, tmp_path: Path) -> None:
    """In the page and in the terminal."""
    measured = results(target_result("service", outcome=outcome), target_result("function"))
    assert measured.outcome is outcome
    page = write_report(measured, card(), [], tmp_path)
    assert f'class="badge {outcome}">{words}<' in page.read_text(encoding="utf-8")
    assert words in " ".join(shown(measured).replace("│", " ").split())


def test_the_summary_fits_80_columns() -> None:
    """With both targets and large numbers."""
    text = shown(results(target_result("service"), target_result("function", memory=None)))
    assert max(len(line) for line in text.splitlines()) <= 80
    for figure in ("304", "1,500", "16,000", "50.0 MB", "not measured here"):
        assert figure in text


def shown(measured: Results) -> str:
    """The summary as a terminal of 80 columns shows it."""
    text = StringIO()
    Console(file=text, width=80).print(summary_table(measured))
    return text.getvalue()


def test_last_line_names_the_runtime_and_its_cost() -> None:
    """What `auto` took and passed over, and what that costs each target, in one line."""
    assert cost_line(card(), results()) == (
        "serving.runtime auto gives onnx, not compiled: no trees: measured here, service gives the "
        "first answer 0.30 s after its start and 16,000 requests/s over 16 connections, 50.0 MB of "
        "memory; function gives the first answer 0.30 s after its start and 16,000 requests/s over "
        "16 connections, 50.0 MB of memory"
    )


def test_cost_line_leaves_out_what_the_machine_does_not_tell() -> None:
    """The memory, on other systems than Linux."""
    assert cost_line(card(), results(target_result("service", memory=None))).endswith(
        "requests/s over 16 connections"
    )
