"""A pull request's change of the imports before a target's first prediction, and its budget."""

from collections.abc import Callable
from pathlib import Path

from twinserve.config.params import PARAMS_PATH, load_params
from twinserve.measure.imports.growth import Growth, ModuleGrowth, explain, measure_growth
from twinserve.measure.imports.trace import TARGETS
from twinserve.measure.statistics import Estimate, Outcome
from twinserve.review.report import MOST_ROWS, ImportChange, Imports, Ratio, Report


def compare_imports(
    base: Path, head: Path, *, starts: int, say: Callable[[str], None] = print
) -> tuple[Imports, ...]:
    """Start both bundles of both trees in turns; the budget is the head's.

    Raises:
        UserError: a bundle cannot be started.
    """
    budget = load_params(head / PARAMS_PATH).measurement.budgets.imports_ratio
    compared = []
    for target in TARGETS:
        bundle = Path("dist") / target
        growth = measure_growth(target, base / bundle, head / bundle, starts)
        say(f"imports of the {target}: {starts} starts of each side")
        compared.append(_imports(growth, budget))
    return tuple(compared)


def broken_imports(report: Report) -> list[str]:
    """A line for each target whose imports are over their budget, and the modules that did it."""
    return [
        explain(
            imports.target,
            _estimate(imports.ratio),
            imports.budget,
            [_read(row) for row in imports.changes],
        )
        for imports in report.imports
        if imports.outcome is Outcome.BROKEN
    ]


def _imports(growth: Growth, budget: float) -> Imports:
    return Imports(
        target=growth.target,
        base_modules=growth.base_modules,
        head_modules=growth.head_modules,
        base_ms=growth.base_ms.value,
        head_ms=growth.head_ms.value,
        ratio=_ratio(growth.ratio),
        budget=budget,
        changes=tuple(_write(change) for change in growth.changes[:MOST_ROWS]),
    )


def _write(change: ModuleGrowth) -> ImportChange:
    return ImportChange(
        name=change.name,
        base_ms=change.base_ms,
        head_ms=change.head_ms,
        ratio=None if change.ratio is None else _ratio(change.ratio),
        weight_ms=change.weight_ms,
        importer=change.importer,
        root=change.root,
    )


def _read(row: ImportChange) -> ModuleGrowth:
    ratio = None if row.ratio is None else _estimate(row.ratio)
    return ModuleGrowth(
        row.name, row.base_ms, row.head_ms, ratio, row.weight_ms, row.importer, root=row.root
    )


def _ratio(estimate: Estimate) -> Ratio:
    return Ratio(value=estimate.value, low=estimate.low, high=estimate.high)


def _estimate(ratio: Ratio) -> Estimate:
    return Estimate(ratio.value, ratio.low, ratio.high)
