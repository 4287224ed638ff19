"""Micro-benchmarks of two trees on one machine, in turns: what slows it for a while slows both."""

from collections.abc import Callable
from pathlib import Path

from twinserve.measure.pairs.micro import ROUNDS, Medians, run_suite
from twinserve.measure.statistics import estimate, judge_budget, paired_ratio
from twinserve.review.report import Benchmark, Ratio


def compare_speed(
    base: Path,
    head: Path,
    allowed: float,
    *,
    rounds: int = ROUNDS,
    say: Callable[[str], None] = print,
) -> tuple[Benchmark, ...]:
    """Run the suite of each tree in turn, each in its own environment.

    Only benchmarks that both have are compared.

    Raises:
        UserError: a suite fails.
    """
    taken: dict[str, list[Medians]] = {"base": [], "head": []}
    trees = {"base": base, "head": head}
    for number in range(rounds):
        # The one that began a round ends the next.
        for side in ("base", "head") if number % 2 == 0 else ("head", "base"):
            taken[side].append(run_suite(trees[side]))
        say(f"micro-benchmarks: round {number + 1} of {rounds}")
    names = sorted(set(taken["base"][0]) & set(taken["head"][0]))
    return tuple(_benchmark(name, taken, allowed) for name in names)


def _benchmark(name: str, taken: dict[str, list[Medians]], allowed: float) -> Benchmark:
    base, head = ([medians[name] for medians in taken[side]] for side in ("base", "head"))
    ratio = paired_ratio(head, base)
    return Benchmark(
        name=name,
        base_us=estimate(base).value,
        head_us=estimate(head).value,
        ratio=Ratio(value=ratio.value, low=ratio.low, high=ratio.high),
        outcome=judge_budget(ratio, allowed),
    )
