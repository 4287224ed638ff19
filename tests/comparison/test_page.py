"""The comparison of both targets: made from its sources, and held to them."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.measure.fakes import results, target_result
from tests.page.parsed_page import ParsedPage
from tests.tree import PROJECT, ROOT
from twinserve.comparison import facts, lifecycle
from twinserve.comparison import page as comparison
from twinserve.comparison.advice import EITHER, billing, choices
from twinserve.comparison.facts import Facts
from twinserve.comparison.table import targets_table
from twinserve.config.errors import UserError
from twinserve.config.params import Params, load_params
from twinserve.measure.pages.files import to_json
from twinserve.measure.run.report import FORMAT
from twinserve.measure.statistics import Estimate

NEEDS = (
    "architecture",
    "framework",
    "cold start",
    "warm latency",
    "requests/s",
    "concurrency",
    "memory",
    "bundle",
    "image",
    "artifact loading",
    "pinned",
    "proven",
    "state",
    "development",
    "1 million requests",
)


@pytest.fixture
def params() -> Params:
    """The tests' own."""
    return load_params(PROJECT / "params.yaml")


@pytest.fixture
def known() -> Facts:
    """The tests' own."""
    return facts.load(PROJECT / facts.SNAPSHOT)


def changed(known: Facts, **figures: Any) -> Facts:  # noqa: ANN401 - any of a side's
    """The same with another function."""
    service, function = known.sides
    return known.model_copy(update={"sides": (service, function.model_copy(update=figures))})


def chosen(known: Facts, params: Params) -> list[str]:
    """What the figures speak for, row by row."""
    return [row.cells[-1].text for row in choices(known, params).rows]


def test_the_page_needs_nothing_but_itself(known: Facts, params: Params) -> None:
    """Well formed, no reference to elsewhere, every table named."""
    page = ParsedPage(comparison.html(known, params))
    assert (page.references, page.unnamed) == ([], [])


def test_every_thing_to_choose_by_has_a_row(known: Facts, params: Params) -> None:
    """A cell for each target, none empty."""
    rows = targets_table(known, params).rows
    for need in NEEDS:
        assert any(row.label.startswith(need) for row in rows), need
    assert all(len(row.cells) == 2 and all(cell.text for cell in row.cells) for row in rows)


def test_advice_follows_the_figures(known: Facts, params: Params) -> None:
    """A function that starts, answers and weighs better is chosen; either where both overlap."""
    service = known.sides[0]

    def apart(estimate: Estimate, factor: float) -> Estimate:
        return Estimate(estimate.value * factor, estimate.low * factor, estimate.high * factor)

    levels = [
        level.model_copy(update={"per_second": apart(level.per_second, 3)})
        for level in service.throughput
    ]
    better = changed(
        known,
        cold_ms=apart(service.cold_ms, 0.1),
        warm_p99_ms=apart(service.warm_p99_ms, 0.1),
        throughput=tuple(levels),
        memory_bytes=1_000_000,
    )
    assert chosen(better, params)[:4] == ["function"] * 4
    alike = changed(
        known,
        cold_ms=service.cold_ms,
        warm_p99_ms=service.warm_p99_ms,
        throughput=service.throughput,
    )
    assert chosen(alike, params)[:3] == [EITHER] * 3
    unknown = changed(known, memory_bytes=None)
    assert len(chosen(unknown, params)) == len(chosen(known, params)) - 1
    assert chosen(known, params)[-1] == EITHER
    slow = changed(known, warm_p50_ms=Estimate(150.0, 150.0, 150.0))
    assert chosen(slow, params)[-1] == "service"


def test_billing_by_instance_is_cheaper_from_where_it_is_said(known: Facts, params: Params) -> None:
    """Dear instances are never the cheaper way at the table's volumes."""
    assert billing(known, params).equal_at
    assert "Both cost the same at about" in comparison.markdown(known, params)
    always = params.prices.always.model_copy(update={"vcpu_second": 0.001})
    dear = params.model_copy(update={"prices": params.prices.model_copy(update={"always": always})})
    assert billing(known, dear).equal_at is None
    assert "Both cost the same" not in comparison.markdown(known, dear)


def test_throughput_is_that_of_the_configured_concurrency(known: Facts) -> None:
    """The most that was measured up to it, and the least of all where none is."""
    side = known.sides[0]
    measured = [level.connections for level in side.throughput]
    assert side.at(1).connections == 1
    assert side.at(1000).connections == max(measured)
    assert side.at(0).connections == measured[0]


def test_another_region_is_told(known: Facts, params: Params) -> None:
    """The price table is of one; a deployment elsewhere may be dearer."""
    assert "may be dearer" not in comparison.markdown(known, params)
    elsewhere = params.deployment.model_copy(update={"region": "europe-west6"})
    moved = params.model_copy(update={"deployment": elsewhere})
    assert "(not europe-west6, which may be dearer)" in comparison.markdown(known, moved)


def test_every_file_of_the_model_s_life_is_there() -> None:
    """All eight parts of it, each with who does it."""
    assert [stage.name for stage in lifecycle.LIFE] == [
        "data",
        "training",
        "versioning",
        "packaging",
        "deployment",
        "serving",
        "monitoring",
        "retraining",
    ]
    for stage in lifecycle.LIFE:
        assert stage.files, stage.name
        for file in stage.files:
            assert (ROOT / file).is_file(), f"{stage.name}: {file}"


@pytest.fixture
def tree(dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The bundles of the tree at hand, beside a measurement of them."""
    (tmp_path / "dist").symlink_to(dist)
    shutil.copy(PROJECT / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(facts, "ensure_environment", lambda _: tmp_path / "environment/bin/python")
    (tmp_path / "environment" / "bin").mkdir(parents=True)
    (tmp_path / "environment" / "bin" / "python").write_bytes(b"12345")
    measure(tmp_path, json.loads((dist / "service" / "manifest.json").read_bytes())["bundle"])
    return tmp_path


def measure(tree: Path, bundle: str) -> None:
    """Put a report there, as `make run` does."""
    document = json.loads(to_json(results(target_result("service"), target_result("function"))))
    document["subject"]["bundles"] = [["service", bundle], ["function", bundle]]
    (tree / "reports").mkdir(exist_ok=True)
    document = {"format": FORMAT, "results": document, "checks": []}
    (tree / "reports" / "report.json").write_text(json.dumps(document))


def test_facts_are_taken_from_measurement_card_and_bundles(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command takes them when asked, keeps them, and makes both pages of them."""
    bundle = json.loads((tree / "dist" / "function" / "manifest.json").read_bytes())["bundle"]
    built = {"own_bytes": 34_000_000, "bundle": bundle}
    (tree / "reports" / "image.json").write_text(json.dumps(built))
    comparison.run(argparse.Namespace(take=True))
    assert "docs/comparison.md" in capsys.readouterr().out
    taken = facts.load()
    card = json.loads((tree / "dist" / "service" / "model.json").read_bytes())
    service, function = taken.sides
    assert (taken.model, taken.version) == (card["name"], card["version"])
    assert taken.served_sha256 == card["artifacts"][card["served"]]
    assert service.cold_ms.value == pytest.approx(304.5)
    assert service.image_bytes == 34_000_000
    assert function.image_bytes is None
    assert function.environment_bytes == 5
    assert "functions-framework" in function.packages
    assert "functions-framework" not in service.packages
    assert "34.0 MB above" in (tree / "docs" / "comparison.md").read_text()
    assert (tree / "reports" / "comparison.html").exists()
    before = (tree / "docs" / "comparison.md").read_bytes()
    comparison.run(argparse.Namespace(take=False))
    assert (tree / "docs" / "comparison.md").read_bytes() == before
    (tree / "reports" / "image.json").write_text(json.dumps({**built, "bundle": "another"}))
    assert facts.take().sides[0].image_bytes is None
    (tree / "reports" / "image.json").write_text("[]")
    with pytest.raises(UserError, match=r"image\.json: not what .*; remove it"):
        facts.take()


def test_a_measurement_of_other_bundles_is_refused(tree: Path) -> None:
    """Figures and files must be of one release."""
    measure(tree, "ab" * 32)
    with pytest.raises(UserError, match=r"report\.json is of other bundles .*make run"):
        facts.take()


@pytest.mark.parametrize("content", ["{", "{}", '{"results": {"targets": [{}]}}'])
def test_a_report_of_another_form_is_one_line(tree: Path, content: str) -> None:
    """It says what to do."""
    (tree / "reports" / "report.json").write_text(content)
    with pytest.raises(UserError, match=r"report\.json is not a report: .*make run"):
        facts.take()


def test_without_a_measurement_there_is_one_line(tree: Path) -> None:
    """Nothing is guessed."""
    (tree / "reports" / "report.json").unlink()
    with pytest.raises(UserError, match=r"report\.json: No such file.*make run"):
        facts.take()


@pytest.mark.parametrize("content", [None, "{}"])
def test_facts_that_are_not_there_are_one_line(content: str | None, tmp_path: Path) -> None:
    """Missing, or of another form."""
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(UserError, match=r"facts\.json: .*--take"):
        facts.load(path)
