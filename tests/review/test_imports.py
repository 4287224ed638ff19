"""The imports of both sides of a pull request, and the check that can fail for them."""

from pathlib import Path

import pytest

from tests.review.reports import encoded, sample
from tests.tree import PROJECT
from twinserve.measure.imports import growth as import_growth
from twinserve.measure.imports.trace import Module, Start
from twinserve.review import imports
from twinserve.review.imports import broken_imports, compare_imports
from twinserve.review.report import Report, read_untrusted

SMALL: Start = (Module("json", 40.0, 40.0, None, outermost=True),)
LARGE: Start = (*SMALL, Module("heavy", 20.0, 20.0, "twinserve.inference.model", outermost=True))


def report(**ratio: float) -> Report:
    """A report whose imports stand in this ratio to the base's."""
    members = sample()
    members["imports"][0]["ratio"] = ratio
    return read_untrusted(encoded(members))


def test_both_targets_are_compared_by_the_heads_budget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each in its trees' bundles; what is new is named with its time and with who asked for it."""
    params = (PROJECT / "params.yaml").read_text()
    assert "imports_ratio: 1.10 " in params
    (tmp_path / "params.yaml").write_text(
        params.replace("imports_ratio: 1.10 ", "imports_ratio: 1.4 ")
    )
    asked: list[tuple[str, Path]] = []

    def measure(target: str, base: Path, head: Path, starts: int) -> import_growth.Growth:
        asked.extend([(target, base), (target, head)])
        return import_growth.compare(target, [SMALL] * starts, [LARGE] * starts)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "measure_growth", measure)
    base = Path("base")
    service, function = compare_imports(base, tmp_path, starts=2, say=lambda _: None)
    assert asked == [
        (target, tree / "dist" / target)
        for target in ("service", "function")
        for tree in (base, tmp_path)
    ]
    assert (service.base_modules, service.head_modules) == (1, 2)
    assert (service.ratio.value, service.budget) == (1.5, 1.4)
    (change,) = function.changes
    assert (change.name, change.base_ms, change.head_ms) == ("heavy", None, 20.0)
    assert change.importer == "twinserve.inference.model"


def test_broken_budget_names_the_module() -> None:
    """One line with target, ratio, interval, budget and what is to blame."""
    (line,) = broken_imports(report(value=2.0, low=1.9, high=2.1))
    assert line == (
        "service: imports take 2.00× the time of before (1.90–2.10), over "  # noqa: RUF001
        "measurement.budgets.imports_ratio (1.1) in params.yaml: fastapi is new with 44 ms, asked "
        "for by twinserve.inference.endpoint; uvicorn takes 1.50 ms more"
    )


@pytest.mark.parametrize(("low", "word"), [(1.0, "warning"), (1.09, "warning"), (1.11, "broken")])
def test_only_a_whole_interval_breaks_it(low: float, word: str) -> None:
    """Noise around a large middle is a warning, and passes."""
    growth = report(value=1.2, low=low, high=1.4)
    assert growth.imports[0].outcome == word
    assert bool(broken_imports(growth)) is (word == "broken")
