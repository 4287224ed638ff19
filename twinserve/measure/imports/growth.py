"""Imports of one tree's bundles that another's lack, or that take longer; taken in turns.

A busy machine makes one start take twice the next one's time, every module of it alike. What most
packages that both have take more than in the start beside it is taken for that, and divided out: on
two loaded cores it made the interval of equal bundles a third as wide. What slows every module
alike, bytecode that is missing for one, is therefore not seen here, but in the cold start.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from twinserve.measure.imports.trace import Start, TargetName, total_ms, watch, watched
from twinserve.measure.pages.text import interval, milliseconds, ratio
from twinserve.measure.statistics import Estimate, Outcome, estimate, judge_budget, paired_ratio

# A package that both have is named only if its whole interval is this far off, and by so much time.
NOTABLE_RATIO = 1.2
NOTABLE_MS = 0.5
MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class ModuleGrowth:
    """A package or module that came, went, or takes another time; milliseconds of its own modules.

    Attributes:
        name: of what is new or gone, as much as the other side does not know; else a package.
        base_ms: None if it came.
        head_ms: None if it went.
        ratio: head over base, where both have it.
        weight_ms: what it adds, with everything that came with it; negative if it spares that.
        importer: of what came, the module that asked for it first.
        root: not brought along by something else that came.
    """

    name: str
    base_ms: float | None
    head_ms: float | None
    ratio: Estimate | None
    weight_ms: float
    importer: str | None = None
    root: bool = True

    def __str__(self) -> str:
        if self.base_ms is None:
            asked = f", asked for by {self.importer}" if self.importer else ""
            return f"{self.name} is new with {milliseconds(self.weight_ms)}{asked}"
        return f"{self.name} takes {milliseconds(self.weight_ms)} more"


@dataclass(frozen=True, slots=True)
class Growth:
    """A target's imports on both sides; the head's milliseconds are at the base's pace."""

    target: TargetName
    base_modules: int
    head_modules: int
    base_ms: Estimate
    head_ms: Estimate
    ratio: Estimate
    changes: tuple[ModuleGrowth, ...]

    def judge(self, budget: float) -> Outcome:
        """By the whole interval of the ratio."""
        return judge_budget(self.ratio, budget)


def measure_growth(target: TargetName, base: Path, head: Path, starts: int) -> Growth:
    """Start both bundles in turns, so that what slows the machine slows both.

    Raises:
        UserError: a bundle cannot be started.
    """
    sides = (watched(target, base), watched(target, head))
    taken: tuple[list[Start], list[Start]] = ([], [])
    for number in range(starts):
        for side in (0, 1) if number % 2 == 0 else (1, 0):
            taken[side].append(watch(sides[side]))
    return compare(target, *taken)


def compare(target: TargetName, base: Sequence[Start], head: Sequence[Start]) -> Growth:
    """Both sides' starts, pair by pair: what adds most comes first."""
    head = [_at_pace(ours, _pace(theirs, ours)) for theirs, ours in zip(base, head, strict=True)]
    old, new = (_names(side) for side in (base, head))
    changes = [*_came(old, new, head), *_differing(old & new, base, head), *_gone(old, new, base)]
    theirs, ours = ([total_ms(start) for start in side] for side in (base, head))
    return Growth(
        target=target,
        base_modules=len(old),
        head_modules=len(new),
        base_ms=estimate(theirs),
        head_ms=estimate(ours),
        ratio=paired_ratio(ours, theirs),
        changes=tuple(
            sorted(changes, key=lambda change: (not change.root, -change.weight_ms, change.name))
        ),
    )


def explain(target: str, grown: Estimate, budget: float, changes: Sequence[ModuleGrowth]) -> str:
    """A line that says by how much the budget is broken, and by which modules."""
    heaviest = [str(change) for change in changes if change.root and change.weight_ms > 0][
        :MOST_NAMED
    ]
    return (
        f"{target}: imports take {ratio(grown.value)} the time of before ({interval(grown)}), over "
        f"measurement.budgets.imports_ratio ({budget:g}) in params.yaml: "
        f"{'; '.join(heaviest) or 'no single module stands out'}"
    )


def _pace(base: Start, head: Start) -> float:
    """How many times slower most of the imports were that both starts have.

    A median weighted by time, to which a single package that grew makes no difference.
    """
    common = _names([base]) & _names([head])
    theirs, ours = (_by_package(start, common) for start in (base, head))
    both = [(theirs[name], ours[name]) for name in theirs if theirs[name] and ours[name]]
    ratios = sorted((mine / their, (mine * their) ** 0.5) for their, mine in both)
    half, passed = sum(weight for _, weight in ratios) / 2, 0.0
    for pace, weight in ratios:
        passed += weight
        if passed >= half:
            return pace
    return 1.0


def _by_package(start: Start, names: set[str]) -> dict[str, float]:
    sums: dict[str, float] = {}
    for module in start:
        if module.name in names:
            sums[module.package] = sums.get(module.package, 0.0) + module.self_ms
    return sums


def _at_pace(start: Start, pace: float) -> Start:
    return tuple(
        replace(module, self_ms=module.self_ms / pace, cumulative_ms=module.cumulative_ms / pace)
        for module in start
    )


def _names(starts: Sequence[Start]) -> set[str]:
    return {module.name for start in starts for module in start}


def _prefixes(name: str) -> list[str]:
    """``a``, ``a.b``, ``a.b.c``."""
    return list(accumulate(name.split("."), "{}.{}".format))


def _grouped(names: Iterable[str], others: Iterable[str]) -> dict[str, str]:
    """For each name its shortest beginning that the others do not know."""
    known = {prefix for other in others for prefix in _prefixes(other)}
    return {
        name: next((prefix for prefix in _prefixes(name) if prefix not in known), name)
        for name in names
    }


def _came(old: set[str], new: set[str], starts: Sequence[Start]) -> list[ModuleGrowth]:
    groups = _grouped(new - old, old)
    # Each start imports in the same order, but for what threads do.
    importers = {module.name: module.importer for module in starts[0]}
    changes = []
    for group in dict.fromkeys(groups.values()):
        own = {name for name, other in groups.items() if other == group}
        brought = {name for name in groups if own.intersection(_chain(name, importers))}
        asked = [importers.get(name) for name in sorted(own)]
        importer = next((name for name in asked if name not in own), None)
        changes.append(
            ModuleGrowth(
                name=group,
                base_ms=None,
                head_ms=_time(own, starts),
                ratio=None,
                weight_ms=_time(brought, starts),
                importer=importer,
                root=importer not in groups,
            )
        )
    return changes


def _chain(name: str, importers: dict[str, str | None]) -> list[str]:
    """The module, who asked for it, who asked for that, and so on."""
    chain: list[str] = []
    while name not in chain:
        chain.append(name)
        name = importers.get(name) or name
    return chain


def _gone(old: set[str], new: set[str], starts: Sequence[Start]) -> list[ModuleGrowth]:
    groups = _grouped(old - new, new)
    changes = []
    for group in dict.fromkeys(groups.values()):
        spared = _time({name for name, other in groups.items() if other == group}, starts)
        changes.append(ModuleGrowth(group, spared, None, None, -spared))
    return changes


def _differing(both: set[str], base: Sequence[Start], head: Sequence[Start]) -> list[ModuleGrowth]:
    """Packages whose common modules take notably more or less than they did."""
    changes = []
    for package in {name.partition(".")[0] for name in both}:
        own = {name for name in both if name.partition(".")[0] == package}
        theirs, ours = (_times(own, side) for side in (base, head))
        if not all(theirs) or not all(ours):
            continue
        measured = paired_ratio(ours, theirs)
        weight = float(np.median(ours)) - float(np.median(theirs))
        apart = measured.low > NOTABLE_RATIO or measured.high < 1 / NOTABLE_RATIO
        if apart and abs(weight) >= NOTABLE_MS:
            medians = float(np.median(theirs)), float(np.median(ours))
            changes.append(ModuleGrowth(package, *medians, measured, weight))
    return changes


def _time(names: set[str], starts: Sequence[Start]) -> float:
    return float(np.median(_times(names, starts)))


def _times(names: set[str], starts: Sequence[Start]) -> list[float]:
    return [sum(module.self_ms for module in start if module.name in names) for start in starts]
