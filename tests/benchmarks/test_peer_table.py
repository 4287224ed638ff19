"""Peers beside both targets, as a picture and in tables."""

from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks import commands as command
from benchmarks import compare as comparing
from benchmarks import variants
from benchmarks.compare import Comparison, FixedRate, Reading, VariantResult
from benchmarks.comparison_report import PEERS, figures_table, write_comparison
from benchmarks.peer_table import picture, publish_peers, terminal_table
from benchmarks.variants import Variant
from tests.measure.fakes import LOAD_S, card, conditions, fake_variant
from tests.page.parsed_page import ParsedPage
from twinserve.__main__ import main
from twinserve.config.card import Card
from twinserve.measure.statistics import Estimate

SVG = "{http://www.w3.org/2000/svg}"


def result(name: str, cold_ms: float, rate: float) -> VariantResult:
    """A variant in a single round."""
    cold, per_second = Estimate(cold_ms, cold_ms, cold_ms), Estimate(rate, rate, rate)
    reading = Reading(0, cold_ms, rate, 5_000_000, 0, (1.0, 2.0))
    p50, p99 = Estimate(1.5, 1, 2), Estimate(2, 1, 2)
    memory, version = Estimate(5e6, 5e6, 5e6), "3.2.1" if name.startswith("mlflow") else ""
    return VariantResult(name, cold, per_second, memory, (reading,), p50, p99, 123_400_000, version)


@pytest.fixture
def comparison() -> Comparison:
    """A peer of each kind."""
    results = (
        result("service", 600.0, 20_000.0),
        result("ceiling", 90.0, 30_000.0),
        result("mlflow onnx", 6000.0, 150.0),
    )
    return Comparison(
        conditions=conditions(),
        model="flowers",
        version="v1.0",
        rounds=1,
        connections=16,
        seconds=1.5,
        variants=results,
        ratios=(),
        fixed_rate=FixedRate(50, 100, 10),
    )


def test_the_picture_has_a_bar_and_a_figure_for_each(comparison: Comparison) -> None:
    """As long as they are large, in the colour of their kind, none too small to be seen."""
    namespaced = picture(comparison).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    drawing = ET.fromstring(namespaced)  # noqa: S314 - our own
    bars = [(float(box.attrib["width"]), box.attrib["class"]) for box in drawing.iter(f"{SVG}rect")]
    assert [colour for _, colour in bars] == [
        *2 * ["part s0"],
        *2 * ["part s4"],
        *2 * ["part s1"],
    ]
    (ours_cold, _), (ours_rate, _), _, (top, _), (theirs_cold, _), (theirs_rate, _) = bars
    assert theirs_cold == pytest.approx(10 * ours_cold, rel=0.05)
    assert top == pytest.approx(1.5 * ours_rate, rel=0.05)
    assert theirs_rate == 2
    texts = [text.text for text in drawing.iter(f"{SVG}text")]
    for shown in ("mlflow onnx", "6,000", "150", "30,000"):
        assert shown in texts
    assert "mlflow onnx 6,000 ms, 150/s" in drawing.attrib["aria-label"]


def test_figures_at_the_fixed_rate_stand_beside_the_others(comparison: Comparison) -> None:
    """Latency and room on disk have columns of their own."""
    table = figures_table(comparison)
    assert table.columns[4:] == ("p50 at 50/s, ms", "p99 at 50/s, ms", "on disk, MB")
    assert [cell.text for cell in table.rows[0].cells[3:]] == ["1.50", "2", "123.4"]


def test_the_terminal_s_table_fits_80_columns(comparison: Comparison) -> None:
    """No name is cut, no row is broken."""
    text = StringIO()
    Console(file=text, width=80).print(terminal_table(comparison))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("mlflow onnx" in line and "6,000" in line for line in lines) == 1


def test_peers_are_published(comparison: Comparison, published: Callable[[str], Path]) -> None:
    """Between the page's marks: picture, table, date, command."""
    page = published("peers")
    publish_peers(comparison)
    text = page.read_text()
    for part in (
        "(peers.svg)",
        "| mlflow onnx |",
        "29 February 2024",
        "`make peers`",
        ", mlflow 3.2.1.",
    ):
        assert part in text
    assert text.endswith("last\n")
    assert ET.parse(page.with_name("peers.svg")).getroot().tag == f"{SVG}svg"  # noqa: S314 - ours


def test_the_page_names_its_own_file(comparison: Comparison, tmp_path: Path) -> None:
    """And needs nothing but itself."""
    page = write_comparison(comparison, tmp_path, PEERS)
    parsed = ParsedPage(page.read_text(encoding="utf-8"))
    assert (parsed.references, parsed.unnamed) == ([], [])
    assert "peers.json" in page.read_text(encoding="utf-8")
    assert "MLflow: mlflow models serve, ONNX Runtime (version 3.2.1)" in page.read_text(
        encoding="utf-8"
    )
    assert "100 times at 50 a second" in (tmp_path / "peers.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("short")
def test_the_command_measures_peers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At the fixed rate too, into files of another name; what is named, or all there can be."""

    def prepare(names: Sequence[str], _card: Card) -> list[Variant]:
        return [fake_variant(name=name) for name in names]

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(variants, "prepare", prepare)
    monkeypatch.setattr("twinserve.delivery.bundle.assembly.bundled_card", card)
    monkeypatch.setattr(variants, "peer_names", lambda _: ("service", "litserve"))
    monkeypatch.setattr(comparing, "PEER_SECONDS", LOAD_S)
    monkeypatch.setattr(comparing, "PEER_RATE", FixedRate(rate=200, requests=10, warm_up=1))
    monkeypatch.setattr(command, "REPORTS", tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "benchmarks.md").write_text("<!-- begin peers -->\n<!-- end peers -->\n")
    assert main(["bench", "peers", "--rounds", "1", "--publish"]) == 0
    shown = capsys.readouterr().out
    assert "2 variants ready: service, litserve" in shown
    assert (tmp_path / "peers.html").exists()
    assert "| litserve |" in (tmp_path / "docs" / "benchmarks.md").read_text()
    assert main(["bench", "peers", "--rounds", "1", "--only", "mlflow"]) == 0
    assert "1 variants ready: mlflow" in capsys.readouterr().out
