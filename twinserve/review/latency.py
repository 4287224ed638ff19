"""Cold start and warm latency of both trees' bundles, started and asked in turns."""

from collections.abc import Callable
from pathlib import Path

from twinserve.config.card import load_card
from twinserve.config.layout import CARD_NAME
from twinserve.config.measurement import Measurement
from twinserve.measure.http.client import golden_body
from twinserve.measure.imports.trace import TARGETS, TargetName
from twinserve.measure.pairs.side_by_side import Compared, Side, compare_rounds, take_rounds
from twinserve.measure.statistics import Estimate
from twinserve.review.report import Latency, Ratio
from twinserve.targets.local import local_target


def compare_latency(
    base: Path,
    head: Path,
    wanted: Measurement,
    *,
    say: Callable[[str], None] = print,
    interpreters: tuple[Path | None, Path | None] = (None, None),
) -> tuple[Latency, ...]:
    """Every figure of both targets; by this Python, or by another of each tree's.

    Raises:
        UserError: a bundle cannot be started, or does not answer.
    """
    latencies: list[Latency] = []
    for target in TARGETS:
        trees = zip((base, head), interpreters, strict=True)
        sides = [_side(target, tree, interpreter) for tree, interpreter in trees]
        rounds = []
        for taken in take_rounds(sides[0], sides[1], wanted):
            rounds.append(taken)
            say(f"{target}: round {len(rounds)} of {wanted.comparison.rounds}")
        latencies += [_latency(target, compared) for compared in compare_rounds(rounds, wanted)]
    return tuple(latencies)


def _side(target: TargetName, tree: Path, interpreter: Path | None) -> Side:
    bundle = tree / "dist" / target
    return Side(
        local_target(target, bundle, interpreter), golden_body(load_card(bundle / CARD_NAME))
    )


def _latency(target: TargetName, compared: Compared) -> Latency:
    return Latency(
        target=target,
        figure=compared.figure,
        base_ms=compared.base_ms.value,
        head_ms=compared.candidate_ms.value,
        ratio=None if compared.ratio is None else _ratio(compared.ratio),
        outcome=compared.outcome,
    )


def _ratio(estimate: Estimate) -> Ratio:
    return Ratio(value=estimate.value, low=estimate.low, high=estimate.high)
