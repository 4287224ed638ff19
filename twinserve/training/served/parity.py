"""Proof that what is served answers as the estimator that was trained."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from joblib import Parallel, delayed

from twinserve.config.card import Feature, Parity
from twinserve.config.errors import UserError
from twinserve.inference.model import Model
from twinserve.training.estimator import Classifier
from twinserve.training.fitting.cores import alone, side_by_side
from twinserve.training.served.answers import Answers, ask
from twinserve.training.served.preimages import MOST_THRESHOLDS, Thresholds, estimator_thresholds
from twinserve.training.served.requests.blocks import BLOCK, in_blocks
from twinserve.training.served.requests.drawn import random_rows, random_texts
from twinserve.training.served.requests.midpoints import Midpoints, table_midpoints

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Kinds of rows that a runtime which reads float32 is asked as float32. The others, where the
# estimator changes its answer, are asked as a request gives them.
_ROUNDED = ("table", "random")
# No block is as long.
_ALL = 2 * BLOCK
# Thresholds, of which only an ensemble has more that has grown on a long table.
_MANY = 30_000


class ParityError(UserError):
    """The served model answers otherwise than the estimator.

    Attributes:
        reason: as a part of a line: how much, and on which row.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"parity: the served model {reason}. Nothing is exported; set serving.runtime: joblib "
            "in params.yaml to serve the estimator itself"
        )


@dataclass(frozen=True, slots=True)
class ParityTolerance:
    """What a runtime must reach.

    Attributes:
        tolerance: the largest difference of a probability.
        near_tie: labels may differ where the estimator's top two classes are no further apart.
        single: the runtime reads float32. Rows of the table and random ones are rounded first;
            those where the estimator changes its answer are asked as a request gives them.
        alone: of a block, so many rows are asked one by one too, as a request is.
        near: likewise, of rows where the estimator changes its answer.
        digits: past these, the last bits of one processor and another may differ.
        thresholds: more than so many are sampled; 0 is no bound.
    """

    tolerance: float
    near_tie: float
    single: bool
    alone: int
    digits: int
    near: int
    thresholds: int = MOST_THRESHOLDS


# Two probabilities, each off by the tolerance, can change places within twice of it.
CLOSE = ParityTolerance(1e-5, near_tie=2e-5, single=True, alone=200, digits=7, near=_ALL)
# Wider than that, no label may differ on any row, tie or not.
LABELS = replace(CLOSE, tolerance=1e-3, near_tie=-1.0)
# exp() of two mathematics libraries is not the same to the last bit; sums are.
BOOSTED = ParityTolerance(
    1e-12, near_tie=-1, single=False, alone=_ALL, digits=15, near=_ALL, thresholds=_MANY
)
# XGBoost makes probabilities of its sums in float32, the object in float64.
SINGLE = ParityTolerance(
    1e-6, near_tie=-1, single=False, alone=_ALL, digits=15, near=_ALL, thresholds=_MANY
)
# A long sum has an order of its own in each library of linear algebra.
SUMMED = ParityTolerance(1e-12, near_tie=2e-12, single=False, alone=_ALL, digits=15, near=_ALL)
EXACT = ParityTolerance(
    0, near_tie=-1, single=False, alone=_ALL, digits=15, near=_ALL, thresholds=_MANY
)
# The estimator itself: a row alone may be summed in another order than a row among many.
SAME = replace(SUMMED, alone=20, near=20)


def prove_parity(
    classifier: Classifier,
    model: Model,
    table: Sequence[Sequence[Any]],
    seed: int,
    bound: ParityTolerance,
    columns: Sequence[Feature] = (),
) -> Parity:
    """Compare both on the table, on random rows, and where the estimator changes its answer.

    That is at midpoints of the table's neighbouring values, and at the thresholds of its trees.

    Raises:
        ParityError: they differ; the message gives the worst row of its kind and both answers.
    """
    if any(column.type == "text" for column in columns):
        return _of_texts(classifier, model, table, seed, bound, columns)
    observed = np.asarray(table, dtype=np.float64)
    midpoints = table_midpoints(observed, seed, columns)
    thresholds = estimator_thresholds(classifier, observed, seed, bound.thresholds, columns)
    kinds: dict[str, Iterable[NDArray[np.float64]]] = {
        "table": [_read(observed, bound)],
        "random": [_read(random_rows(observed, seed, columns), bound)],
        "midpoint": midpoints.rows(single=bound.single),
        "threshold": thresholds.rows(single=bound.single),
    }
    counts = dict.fromkeys(kinds, 0)
    largest, ties, near_ties = 0.0, 0, 0
    sides = Sides(classifier, model, bound, columns)
    for kind, blocks in kinds.items():
        for held in _held(sides, kind, in_blocks(blocks)):
            counts[kind] += held.rows
            largest = max(largest, held.largest)
            ties += held.ties
            near_ties += held.near_ties
    largest = _rounded_up(largest, bound.digits)
    return _proven(counts, midpoints, thresholds, bound.tolerance, largest)._replace(
        ties=ties, near_ties=near_ties
    )


@dataclass(frozen=True, slots=True)
class Sides:
    """What is held against each other, and how closely."""

    classifier: Classifier
    model: Model
    bound: ParityTolerance
    columns: Sequence[Feature]


@dataclass(frozen=True, slots=True)
class Held:
    """A block of rows on which both sides answer the same."""

    rows: int
    largest: float
    ties: int
    near_ties: int


def _held(
    sides: Sides, kind: str, blocks: "Iterable[tuple[int, NDArray[np.float64]]]"
) -> Iterator[Held]:
    """Blocks in their order, several at a time, each as it would be answered by itself.

    Not where the runtime reads float32: its session has one buffer.

    Raises:
        ParityError: of the first block that differs.
    """
    with side_by_side(sides.classifier) as jobs:
        at_once = Parallel(
            1 if sides.bound.single else jobs, return_as="generator", pre_dispatch="n_jobs"
        )
        for held in at_once(delayed(_compare)(sides, kind, *block) for block in blocks):
            if isinstance(held, ParityError):
                raise held
            yield held


def _compare(
    sides: Sides, kind: str, first: int, rows: "NDArray[np.float64]"
) -> Held | ParityError:
    try:
        # A forest's own threads would add its trees up in any order.
        with alone():
            answers = ask(sides.classifier, sides.model, kind, first, rows, sides.columns)
            gaps = _hold(answers, sides.model, sides.bound)
    except ParityError as error:
        # Another block's could be raised first.
        return error
    return Held(
        len(rows),
        float(answers.differences.max()),
        int(np.count_nonzero(gaps == 0)),
        int(np.count_nonzero((gaps > 0) & (gaps <= CLOSE.near_tie))),
    )


def _proven(
    counts: Mapping[str, int],
    midpoints: Midpoints,
    thresholds: Thresholds,
    tolerance: float,
    largest: float,
) -> Parity:
    return Parity(
        table_rows=counts["table"],
        random_rows=counts["random"],
        threshold_rows=counts["threshold"],
        tolerance=tolerance,
        largest_difference=largest,
        ties=0,
        near_ties=0,
        thresholds=thresholds.asked,
        thresholds_found=thresholds.found,
        thresholds_bound=thresholds.bound,
        midpoint_rows=counts["midpoint"],
        midpoints=midpoints.asked,
        midpoints_found=midpoints.found,
        midpoints_bound=midpoints.bound,
    )


def _of_texts(
    classifier: Classifier,
    model: Model,
    table: Sequence[Sequence[Any]],
    seed: int,
    bound: ParityTolerance,
    columns: Sequence[Feature],
) -> Parity:
    """The parity of a table with texts: on its rows, and on rows half of which are strange."""
    cells = np.array(table, dtype=object)
    # The estimator itself has no words of its own, and may take fewer texts than there are.
    drawn = random_texts(cells, BLOCK, seed, columns if bound.single else ())
    largest = 0.0
    for kind, rows in (("table", cells), ("random", drawn)):
        (held,) = _held(Sides(classifier, model, bound, columns), kind, [(0, rows)])
        largest = max(largest, held.largest)
    largest = _rounded_up(largest, bound.digits)
    return Parity(len(cells), BLOCK, 0, bound.tolerance, largest, 0, 0)


def _rounded_up(difference: float, digits: int) -> float:
    """Up, so that no difference passes for none."""
    return float(np.ceil(difference * 10**digits) / 10**digits)


def _read(rows: "NDArray[np.float64]", bound: ParityTolerance) -> "NDArray[np.float64]":
    return rows.astype(np.float32).astype(np.float64) if bound.single else rows


def _hold(answers: Answers, model: Model, bound: ParityTolerance) -> "NDArray[np.float64]":
    """Hold the answers against the bar; the gaps of their rows.

    Raises:
        UserError: a probability or a label differs.
    """
    worst = int(np.argmax(answers.differences))
    largest = float(answers.relative[worst])
    # Written so that NaN counts as a difference.
    if not largest <= bound.tolerance:
        unit = "in probability" if answers.served.shape[1] > 1 else "relative to max(1, |expected|)"
        raise _differ(answers, worst, f"by {largest:.2g} {unit}", bound)
    gaps = answers.gaps
    clear = gaps > bound.near_tie
    wrong = np.flatnonzero(clear & (answers.expected_labels != answers.served_labels))
    if wrong.size:
        raise _differ(answers, int(wrong[np.argmax(gaps[wrong])]), "in class", bound)
    alone = bound.alone if answers.kind in _ROUNDED else bound.near
    for place in range(0, len(answers.rows), -(-len(answers.rows) // alone)):
        single = model.predict(answers.rows[place].tolist())
        if answers.served.shape[1] == 1:
            together = answers.served[place, 0]
            if not abs(single - together) <= bound.tolerance * max(1, abs(together)):
                answers.served[place] = single
                raise _differ(answers, place, "asked for this row alone,", bound)
        elif clear[place] and single != answers.served_labels[place]:
            answers.served_labels[place] = single
            raise _differ(answers, place, "in class, asked for this row alone,", bound)
    return gaps


def _differ(answers: Answers, place: int, how: str, bound: ParityTolerance) -> ParityError:
    rounded = bound.single and answers.kind in _ROUNDED
    texts = answers.rows.dtype == object
    kind = object if texts else np.float32 if rounded else np.float64
    row = ", ".join(map(str, answers.rows[place].astype(kind)))
    if answers.served.shape[1] == 1:
        return ParityError(
            f"differs {how} from the estimator, worst on {answers.kind} row "
            f"{answers.first + place + 1}: [{row}]: the estimator gives "
            f"{answers.expected[place, 0]:.17g}, the served model {answers.served[place, 0]:.17g} "
            f"(allowed: {bound.tolerance:g})"
        )
    return ParityError(
        f"differs {how} from the estimator, worst on {answers.kind} row "
        f"{answers.first + place + 1}: [{row}]: the estimator gives class "
        f"{answers.expected_labels[place]} of {_listed(answers.expected[place])}, the served model "
        f"class {answers.served_labels[place]} of {_listed(answers.served[place])} (allowed: "
        f"{bound.tolerance:g})"
    )


def _listed(probabilities: "NDArray[np.float64]") -> str:
    return "[" + ", ".join(f"{value:.7f}" for value in probabilities) + "]"
