"""The import budget: what `-X importtime` says is read right, and what grew is named."""

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from twinserve.config.errors import UserError
from twinserve.measure.imports import table as import_table
from twinserve.measure.imports.growth import Growth, compare, measure_growth
from twinserve.measure.imports.table import budget_table, growth_table, judge, show_imports
from twinserve.measure.imports.trace import Module, Start, read_modules, summarize, watch, watched
from twinserve.measure.statistics import Outcome

LOG = b"""\
import time: self [us] | cumulative | imported package
import time:       100 |        100 | zipimport
import time:       300 |        300 |     decimal._pure
import time:       200 |        500 |   decimal
import time:        50 |         50 |       inference.deep
import time:       400 |        450 |     numbers
import time:        10 |        460 |   inference.model
import time:        40 |       1000 | inference
a line of log
import time:        70 |         70 | decimal.late
"""


def module(name: str, ms: float, importer: str | None = None) -> Module:
    return Module(name, ms, ms, importer, outermost=True)


def test_log_is_read_with_who_asked_for_what() -> None:
    """Own and cumulative times, the importer, and which stand outermost in their package."""
    modules = {imported.name: imported for imported in read_modules(io.BytesIO(LOG))}
    assert modules["decimal"] == Module("decimal", 0.2, 0.5, "inference", outermost=True)
    assert modules["decimal._pure"] == Module("decimal._pure", 0.3, 0.3, "decimal", outermost=False)
    assert modules["inference.deep"].importer == "numbers"
    assert not modules["inference.deep"].outermost
    assert modules["decimal.late"].outermost
    assert modules["inference"].importer is None
    assert len(modules) == 8


def test_packages_are_medians_and_what_costs_most_comes_first() -> None:
    """What a package brings counts once, though its own modules stand below others."""
    start = read_modules(io.BytesIO(LOG))
    slower = (*start[:-1], module("zipimport", 0.7))
    summary = summarize("service", [start, slower, slower])
    packages = {package.name: package for package in summary.packages}
    assert summary.packages[0].name == "zipimport"
    assert (packages["zipimport"].self_ms, packages["zipimport"].modules) == (0.7, 1)
    assert packages["decimal"].self_ms == pytest.approx(0.57)
    assert packages["decimal"].cumulative_ms == pytest.approx(0.57)
    assert packages["inference"].self_ms == pytest.approx(0.1)
    assert packages["inference"].cumulative_ms == 1.0
    assert summary.modules == 8
    assert summary.total_ms.value == pytest.approx(1.77)


OLD: Start = (
    module("json", 10),
    module("asyncio", 4),
    module("inference", 2),
    module("inference.model", 5, "inference"),
)


def grown(ms: float = 8.0) -> Growth:
    """A module of our own that brings a package, one that is gone, and a slower one."""
    base = [(*OLD, module("flask", 4.0)), (*OLD, module("flask", 4.0))]
    new = (
        module("json", 10),
        module("asyncio", 4),
        module("inference", 2),
        module("inference.model", 5 + ms, "inference"),
        module("inference.scratch", 1, "inference.model"),
        module("heavy", 6, "inference.scratch"),
        module("heavy.core", 3, "heavy"),
        module("light", 0.5, "heavy.core"),
    )
    return compare("service", base, [new, new])


def test_what_came_is_named_with_who_asked_and_what_it_brought() -> None:
    """The cause first; what it brought along after it; then what merely takes longer, what went."""
    growth = grown()
    named = {change.name: change for change in growth.changes}
    assert [change.name for change in growth.changes] == [
        "inference.scratch",
        "inference",
        "flask",
        "heavy",
        "light",
    ]
    cause = named["inference.scratch"]
    assert (cause.base_ms, cause.head_ms, cause.weight_ms) == (None, 1, 10.5)
    assert (cause.importer, cause.root) == ("inference.model", True)
    assert (named["heavy"].head_ms, named["heavy"].weight_ms) == (9, 9.5)
    assert (named["heavy"].importer, named["heavy"].root) == ("inference.scratch", False)
    assert (named["flask"].head_ms, named["flask"].weight_ms) == (None, -4)
    slower = named["inference"]
    assert (slower.base_ms, slower.head_ms, slower.weight_ms) == (7, 15, 8)
    assert slower.ratio is not None
    assert slower.ratio.low > 2
    assert (growth.base_modules, growth.head_modules) == (5, 8)


def test_machine_that_is_slower_meanwhile_changes_nothing() -> None:
    """Every module alike takes three times as long; what is new is told at the other's pace."""
    busy = tuple(
        replace(slowed, self_ms=3 * slowed.self_ms) for slowed in (*OLD, module("heavy", 4))
    )
    growth = compare("service", [OLD, OLD], [busy, busy])
    assert [(change.name, change.weight_ms) for change in growth.changes] == [("heavy", 4)]
    assert growth.ratio.value == pytest.approx(25 / 21)
    alone = compare("service", [(module("json", 1),)], [(module("ujson", 2),)])
    assert (alone.base_ms.value, alone.head_ms.value) == (1, 2)


def test_difference_that_could_be_noise_is_not_named() -> None:
    """Neither a small one nor one whose interval holds 1."""
    assert "inference" not in {change.name for change in grown(0.2).changes}
    fast, slow = ((module("json", 10), module("click", ms)) for ms in (3, 9))
    assert not compare("service", [slow, fast], [fast, slow]).changes


def test_namespace_that_becomes_a_module_is_named_itself() -> None:
    """Its name was known, as the beginning of others."""
    base = [(module("google.cloud", 1),)]
    growth = compare("function", base, [(module("google", 1), module("google.cloud", 1))])
    assert [change.name for change in growth.changes] == ["google"]


@pytest.mark.parametrize(("budget", "kept"), [(1.3, False), (1.6, True)])
def test_budget_is_kept_or_the_cause_is_named(budget: float, kept: bool) -> None:  # noqa: FBT001
    """39.5 ms where there were 25."""
    growth = grown()
    assert growth.judge(budget) is (Outcome.KEPT if kept else Outcome.BROKEN)
    if kept:
        judge([growth], budget)
        return
    cause = "inference.scratch is new with 10.5 ms, asked for by inference.model"
    with pytest.raises(UserError, match=f"imports_ratio.*: {cause}; inference takes 8 ms more"):
        judge([growth], budget)


def test_heavy_import_is_found_in_a_real_start(dist: Path, tmp_path: Path) -> None:
    """One line more in a module of ours: the package is named, with that module."""
    head = tmp_path / "service"
    shutil.copytree(dist / "service", head)
    changed = head / "twinserve" / "inference" / "contract.py"
    changed.write_text(
        changed.read_text().replace("import json\n", "import json\nimport unittest.mock\n")
    )
    growth = measure_growth("service", dist / "service", head, starts=2)
    came = {change.name: change for change in growth.changes if change.base_ms is None}
    assert (came["unittest"].importer, came["unittest"].root) == (
        "twinserve.inference.contract",
        True,
    )
    assert not came["difflib"].root
    # Another module may have been slow once, on a busy machine; of those that came it is first.
    assert next(change.name for change in growth.changes if change.base_ms is None) == "unittest"
    assert growth.head_modules > growth.base_modules


def test_bundle_without_a_golden_case_cannot_be_asked(dist: Path, tmp_path: Path) -> None:
    """The line says where, before anything is started."""
    bundle = tmp_path / "service"
    shutil.copytree(dist / "service", bundle)
    card = bundle / "model.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "golden": []}))
    with pytest.raises(UserError, match="names no golden case"):
        watch(watched("service", bundle))


def test_command_prints_both_and_keeps_all(
    dist: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each target's table fits 80 columns; the JSON has every package; base beside it."""
    monkeypatch.setattr(import_table, "DIST", dist)
    text = io.StringIO()
    console = Console(file=text, width=80)
    show_imports(console, tmp_path / "reports", starts=1, base=dist.parent, budget=1000)
    said = text.getvalue()
    assert max(map(len, said.splitlines()[:-1])) <= 80
    document = json.loads((tmp_path / "reports" / "imports.json").read_text())
    for target in document["targets"]:
        assert f"{target['target']}: imports before the first prediction" in said
        assert "uvicorn" in {package["name"] for package in target["packages"]}
        total = sum(package["self_ms"] for package in target["packages"])
        assert total == pytest.approx(target["total_ms"]["value"], rel=1e-3)
    assert [growth["target"] for growth in document["growth"]] == ["service", "function"]


def test_tables_of_little_and_of_much_are_whole() -> None:
    """What is too much for the terminal is counted; nothing at all is said to be so."""
    many = tuple(module(f"package{number}", 1.0) for number in range(60))
    text = io.StringIO()
    console = Console(file=text, width=80)
    console.print(growth_table(compare("service", [OLD], [(*OLD, *many)])), width=80)
    console.print(growth_table(compare("service", [OLD], [OLD])), width=80)
    console.print(budget_table(summarize("service", [(*OLD, module("tiny", 0.01))])), width=80)
    assert "48 others" in text.getvalue()
    assert "none differs" in text.getvalue()
    assert "1 others" in text.getvalue()
    assert max(map(len, text.getvalue().splitlines())) <= 80
