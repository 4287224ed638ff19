"""Rounds over variants, their ratios, and the command."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from benchmarks import commands as command
from benchmarks import compare as comparing
from benchmarks import variants
from benchmarks.compare import Comparison, Reading, VariantResult, compare, ratios_of
from benchmarks.comparison_report import publish_comparison, terminal_tables, write_comparison
from benchmarks.goals import GOALS, Figure, Goal, Standing
from benchmarks.variants import Variant
from tests.measure.fakes import LOAD_S, card, conditions, fake_variant
from tests.page.parsed_page import ParsedPage
from tests.tools import twinserve
from twinserve.__main__ import main
from twinserve.config.card import Card
from twinserve.config.errors import UserError
from twinserve.measure.statistics import Estimate, estimate

MODEL = ("flowers", "v1.0")


pytestmark = pytest.mark.usefixtures("short")


def variant(name: str, factor: float, memory: int | None = 50_000_000) -> VariantResult:
    """A variant that takes ``factor`` times as long as another in each of three uneven rounds."""
    readings = tuple(
        Reading(i, factor * slow, 1000 / (factor * slow), memory)
        for i, slow in enumerate((100.0, 300.0, 200.0))
    )
    return VariantResult(
        name,
        estimate([reading.cold_ms for reading in readings]),
        estimate([reading.per_second for reading in readings]),
        None if memory is None else Estimate(memory, memory, memory),
        readings,
    )


@pytest.fixture
def comparison() -> Comparison:
    """All variants, made up."""
    results = tuple(variant(name, 1 + place) for place, name in enumerate(variants.DESCRIPTIONS))
    return Comparison(
        conditions=conditions(),
        model="flowers",
        version="v1.0",
        rounds=3,
        connections=16,
        seconds=2.0,
        variants=results,
        ratios=ratios_of(results),
    )


def test_each_round_reads_every_variant_and_begins_with_another() -> None:
    """So that none is always the first."""
    order: list[str] = []
    comparison = compare(
        [fake_variant(name="service"), fake_variant("anonymous", name="ceiling")],
        rounds=2,
        model=MODEL,
        seconds=LOAD_S,
        on_reading=lambda name, _: order.append(name),
    )
    assert order == ["service", "ceiling", "ceiling", "service"]
    assert [(result.name, len(result.readings)) for result in comparison.variants] == [
        ("service", 2),
        ("ceiling", 2),
    ]
    assert {ratio.goal.figure for ratio in comparison.ratios} >= {Figure.COLD, Figure.THROUGHPUT}


@pytest.mark.parametrize(
    ("mode", "message"),
    [
        ("fails", "its first request got status 503, not 200"),
        ("dies", "its first request got no answer"),
        ("second", "not cold: the instance had answered before"),
        ("fails every third", "requests failed"),
    ],
)
def test_a_variant_that_misbehaves_ends_the_comparison(mode: str, message: str) -> None:
    """Its figures would mean nothing."""
    with pytest.raises(UserError, match=f"peer: .*{message}"):
        compare([fake_variant(mode, name="peer")], rounds=1, model=MODEL, seconds=LOAD_S)


def test_ratios_are_of_the_same_round() -> None:
    """A round that is slow for both changes nothing."""
    ratios = ratios_of([variant("service", 1.1), variant("ceiling", 1.0)])
    assert [ratio.goal for ratio in ratios] == list(GOALS[:3])
    assert ratios[0].measured.value == pytest.approx(1.1)
    assert ratios[0].measured.high == pytest.approx(1.1)
    assert [ratio.standing for ratio in ratios] == [Standing.AIM, Standing.AIM, Standing.HOLDS]


def test_memory_that_was_not_measured_has_no_ratio() -> None:
    """The other figures do."""
    ratios = ratios_of([variant("service", 1, memory=None), variant("ceiling", 1)])
    assert [ratio.goal.figure for ratio in ratios] == [Figure.COLD, Figure.THROUGHPUT]


@pytest.mark.parametrize(
    ("figure", "bound", "aim", "ratio", "standing"),
    [
        (Figure.COLD, 1.4, 1.15, 1.15, Standing.AIM),
        (Figure.COLD, 1.4, 1.15, 1.16, Standing.HOLDS),
        (Figure.COLD, 1.4, 1.15, 1.41, Standing.MISSED),
        (Figure.THROUGHPUT, 0.7, 0.9, 0.9, Standing.AIM),
        (Figure.THROUGHPUT, 0.7, 0.9, 0.7, Standing.HOLDS),
        (Figure.THROUGHPUT, 0.7, 0.9, 0.69, Standing.MISSED),
        (Figure.MEMORY, 1.2, None, 0.5, Standing.HOLDS),
        (Figure.MEMORY, 1.2, None, 1.3, Standing.MISSED),
    ],
)
def test_a_goal_is_met_missed_or_holds(
    figure: Figure, bound: float, aim: float | None, ratio: float, standing: Standing
) -> None:
    """Less is better, but of requests a second."""
    goal = Goal("service", "floor", figure, bound, aim)
    assert goal.judge(Estimate(ratio, 0, 100)) is standing


def test_the_comparison_is_written_three_times(comparison: Comparison, tmp_path: Path) -> None:
    """JSON with every round, Markdown and a page that needs nothing but itself."""
    page = write_comparison(comparison, tmp_path).read_text(encoding="utf-8")
    parsed = ParsedPage(page)
    assert (parsed.references, parsed.unnamed) == ([], [])
    markdown = (tmp_path / "bench.md").read_text(encoding="utf-8")
    for text in (page, markdown):
        assert "empty function" in text
        assert "service / ceiling: cold start" in text
        assert "aim met" in text
    content = json.loads((tmp_path / "bench.json").read_text(encoding="utf-8"))
    assert len(content["variants"][0]["readings"]) == 3


def test_the_tables_fit_80_columns(comparison: Comparison) -> None:
    """Both of them."""
    text = StringIO()
    for table in terminal_tables(comparison):
        Console(file=text, width=80).print(table)
    shown = text.getvalue()
    assert max(len(line) for line in shown.splitlines()) <= 80
    for words in ("function / empty function", "empty function", "aim 1.15", "missed", "50.0"):
        assert words in shown


def test_without_goals_there_is_no_table_of_them(comparison: Comparison) -> None:
    """Some selections of variants have no ratio."""
    assert len(terminal_tables(replace(comparison, ratios=()))) == 1


def test_the_command_compares_what_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rounds and variants from the command line, each once; exit code 0 whatever the ratios."""

    def prepare(names: Sequence[str], _card: Card) -> list[Variant]:
        return [fake_variant(name=name) for name in names]

    monkeypatch.setattr(variants, "prepare", prepare)
    monkeypatch.setattr("twinserve.delivery.bundle.assembly.bundled_card", card)
    monkeypatch.setattr(variants, "default_names", lambda _: ("ceiling",))
    monkeypatch.setattr(comparing, "SECONDS", LOAD_S)
    monkeypatch.setattr(command, "REPORTS", tmp_path)
    only = ["service", "floor", "service"]
    assert main(["bench", "compare", "--rounds", "1", "--only", *only]) == 0
    shown = capsys.readouterr().out
    assert "2 variants ready: service, floor" in shown
    assert shown.count("round 1/1") == 2
    assert (tmp_path / "bench.html").exists()
    assert main(["bench", "compare", "--rounds", "1"]) == 0
    assert "1 variants ready: ceiling" in capsys.readouterr().out


def test_the_command_runs_micro_benchmarks_with_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its exit code is pytest's."""
    monkeypatch.setattr(command, "SUITE", "no/such/folder")
    assert main(["bench", "micro"]) == 4  # pytest: usage error


@pytest.mark.parametrize("wrong", [["--rounds", "0"], ["--rounds", "x"], ["--only", "roof"], []])
def test_a_wrong_command_line_says_so(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Argparse's exit code, and a line that names the argument."""
    with pytest.raises(SystemExit, match="2"):
        main(["bench", "compare", *wrong] if wrong else ["bench"])
    assert "error:" in capsys.readouterr().err


def test_help_is_had_as_a_module() -> None:
    """``twinserve bench --help``."""
    done = twinserve("bench", "--help")
    assert "compare" in done.stdout


def test_a_card_without_a_golden_case_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """There would be nothing to ask."""
    monkeypatch.setattr(
        "twinserve.delivery.bundle.assembly.bundled_card", lambda: card()._replace(golden=[])
    )
    with pytest.raises(UserError, match="no golden case"):
        main(["bench", "compare"])


def test_a_comparison_is_published(
    comparison: Comparison, published: Callable[[str], Path]
) -> None:
    """The page gets tables and pictures between its marks."""
    page = published("bench")
    publish_comparison(comparison)
    text = page.read_text()
    for part in (
        "![Cold starts](cold.svg)",
        "| service onnx |",
        "| service / ceiling: memory |",
    ):
        assert part in text
    assert text.endswith("<!-- end bench -->\nlast\n")
    for name in ("cold", "throughput"):
        drawing = ET.parse(page.with_name(f"{name}.svg")).getroot()  # noqa: S314 - ours
        assert drawing.tag == "{http://www.w3.org/2000/svg}svg"
