"""What monitoring costs is measured in pairs, and judged by whole intervals."""

import json
from pathlib import Path

import pytest

from benchmarks.studies import commands as command
from benchmarks.studies import monitoring
from benchmarks.studies.monitoring import Cost
from benchmarks.variants import prepare
from tests.measure.fakes import card, fake_variant
from twinserve.__main__ import main
from twinserve.config.card import load_card
from twinserve.config.errors import UserError
from twinserve.measure.pages.files import write_json
from twinserve.measure.statistics import Estimate
from twinserve.targets.process import ProcessTarget
from twinserve.targets.protocol import Endpoint

FINE = Estimate(0.99, 0.97, 1.01)


@pytest.fixture
def pairs(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Fakes for both halves, and which were asked for; short bursts."""
    asked: list[list[str]] = []

    def pretend(names: list[str], _card: object) -> list[object]:
        asked.append(names)
        return [fake_variant(name=name) for name in names]

    monkeypatch.setattr(monitoring, "prepare", pretend)
    monkeypatch.setattr(monitoring, "bundled_card", card)
    monkeypatch.setattr(monitoring, "BURST_SECONDS", 0.2)
    monkeypatch.setattr(monitoring, "WARM_UP_SECONDS", 0.01)
    return asked


def test_cost_is_measured_in_pairs(pairs: list[list[str]], tmp_path: Path) -> None:
    """Each target against itself without monitoring, both figures in one run."""
    said: list[str] = []
    proof = monitoring.prove(["service", "function"], 1, 1, said.append)
    assert pairs == [["service", "service unmonitored"], ["function", "function unmonitored"]]
    for cost in proof.costs:
        ((ours, theirs),) = cost.cold_ms
        assert cost.cold.value == pytest.approx(ours / theirs)
        ((ours, theirs),) = cost.per_second
        assert cost.throughput.value == pytest.approx(ours / theirs)
    assert [line.partition(":")[0] for line in said] == ["service", "function"]
    written = json.loads(write_json(tmp_path, "monitoring-cost", proof).read_text())
    assert [cost["target"] for cost in written["costs"]] == ["service", "function"]
    table = monitoring.markdown(proof)
    assert "1 pairs of loads and 1 pairs of cold starts" in table
    assert table.count("\n| ") == 4


@pytest.mark.usefixtures("pairs")
def test_loads_change_places(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the first or the last burst of a round has in its favour, both have it as often."""
    order: list[str] = []

    def burst(endpoint: Endpoint, _body: bytes) -> float:
        order.append("without" if endpoint.name.endswith("unmonitored") else "with")
        return float(len(order))

    monkeypatch.setattr(monitoring, "_burst", burst)
    (cost,) = monitoring.prove(["service"], 1, 2, str).costs
    assert order == [
        *("with", "without", "without", "with"),
        *("without", "with", "with", "without"),
    ]
    assert cost.per_second == ((2.5, 2.5), (6.5, 6.5))


@pytest.mark.parametrize(("whole", "parts"), [(300, 10), (7, 3), (5, 5), (1, 1)])
def test_rounds_are_spread_over_the_run(whole: int, parts: int) -> None:
    """All of them, evenly, so that both figures are of the same minutes."""
    shares = [monitoring._share(whole, part, parts) for part in range(parts)]  # noqa: SLF001
    assert sum(shares) == whole
    assert max(shares) - min(shares) <= 1


@pytest.mark.parametrize(
    ("throughput", "cold", "proven"),
    [
        (FINE, Estimate(1.0, 0.99, 1.02), True),
        (Estimate(0.97, 0.94, 1.0), Estimate(1.0, 0.99, 1.02), False),
        (FINE, Estimate(1.0, 0.97, 1.04), False),
        (FINE, Estimate(1.02, 1.01, 1.03), False),
        (FINE, Estimate(0.97, 0.95, 0.99), False),
    ],
    ids=["holds", "may lose a twentieth", "may be slower", "is slower", "is faster"],
)
def test_cost_is_proven_by_whole_intervals(
    throughput: Estimate, cold: Estimate, *, proven: bool
) -> None:
    """No more than 5% of the throughput; no cold difference seen, and none over 3% possible."""
    cost = Cost("service", throughput, cold, ((1.0, 1.0),), ((100.0, 100.0),))
    assert cost.proven is proven


@pytest.mark.usefixtures("pairs")
def test_command_says_by_its_exit_code_whether_it_holds(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is written either way, and published where its marks are."""
    monkeypatch.setattr(command, "REPORTS", tmp_path)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "performance.md"
    page.write_text("<!-- begin monitoring -->\n<!-- end monitoring -->\n")
    options = ["monitoring", "--only", "service", "--cold-rounds", "1", "--rounds", "1"]
    codes = set()
    for most in (0.0, 1e9):
        monkeypatch.setattr(Cost, "throughput_holds", most > 1)
        monkeypatch.setattr(Cost, "cold_holds", most > 1)
        codes.add(main(["bench", *options, "--publish"]))
    assert codes == {0, 1}
    assert (tmp_path / "monitoring-cost.json").exists()
    assert "| service |" in page.read_text()
    assert "written: " in capsys.readouterr().out


def test_variant_without_monitoring_is_the_same_model(
    dist: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its bundle differs in the settings alone; the working tree's stays as it was."""
    monkeypatch.chdir(dist.parent)
    (variant,) = prepare(["service unmonitored"], load_card(dist / "service/model.json"))
    assert isinstance(variant.target, ProcessTarget)
    ours, theirs = dist / "service", variant.target.directory
    differing = {
        str(path.relative_to(ours))
        for path in ours.rglob("*")
        if path.is_file()
        and path.suffix != ".pyc"
        and path.read_bytes() != (theirs / path.relative_to(ours)).read_bytes()
    }
    assert differing == {"serving.json", "manifest.json"}
    assert json.loads((theirs / "serving.json").read_bytes())["drift_window"] == 0


def test_without_a_golden_case_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing to ask for."""
    monkeypatch.setattr(monitoring, "bundled_card", lambda: card()._replace(golden=[]))
    with pytest.raises(UserError, match="names no golden case"):
        monitoring.prove(["service"], 1, 1, print)
