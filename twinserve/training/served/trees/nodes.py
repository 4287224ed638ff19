"""Trees as arrays that a compiler can take: nodes in one sequence, and how leaves add up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF = -1
# Of a node that asks a number, in the place of its set of categories.
NUMERIC = -1


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Trees whose leaves add up.

    Nodes of all trees stand in one sequence, each tree in breadth-first order, so that the two
    children of a node are neighbours. A row goes left where it is at most the threshold, or where
    its category is in the node's set; a gap goes where the node says.

    Attributes:
        classes: how many there are; 0 for a regression, whose one output is the number.
        roots: node number, shape (trees,).
        feature: column that a node asks, or LEAF, shape (nodes,).
        threshold: shape (nodes,).
        following: of a node its left child, of a leaf its row in ``values``, shape (nodes,).
        values: distinct leaves, shape (leaves, outputs), or (leaves, 1) where tree ``t`` adds to
            output ``t % outputs``.
        initial: what the sums begin with, shape (outputs,).
        divisor: what the sums are divided by at the end.
        margins: the outputs are log-odds (one) or go through softmax (more), not probabilities; of
            a regression, that its number is ``exp`` of the output.
        softness: what the outputs are divided by before the softmax; labels are told before that.
        zero_is_one: of one margin, that 0 is class 1.
        single: rows are rounded to float32 before they are compared.
        gap_left: whether a gap goes left, shape (nodes,).
        members: of each node its set's place in ``sets``, or NUMERIC, shape (nodes,).
        sets: codes of the categories that go left.
        single_sums: leaves are added up in float32.
        class_one: of one margin, the largest number that is still class 0.
    """

    features: int
    classes: int
    roots: "NDArray[np.int64]"
    feature: "NDArray[np.int32]"
    threshold: "NDArray[np.float64]"
    following: "NDArray[np.int32]"
    values: "NDArray[np.float64]"
    initial: "NDArray[np.float64]"
    divisor: float
    margins: bool
    zero_is_one: bool
    single: bool
    softness: float
    gap_left: "NDArray[np.bool_]"
    members: "NDArray[np.int32]"
    sets: tuple[tuple[int, ...], ...]
    single_sums: bool
    class_one: float

    @property
    def compared(self) -> "NDArray[np.float64]":
        """The thresholds as a row sees them, shape (nodes,)."""
        return self.compared_within(0, len(self.threshold))

    def compared_within(self, first: int, end: int) -> "NDArray[np.float64]":
        """The same, of some nodes.

        A float32 number is at most a float64 threshold exactly where it is at most the largest
        float32 that is not above that threshold; so for float32 rows half the memory does.
        """
        exact = self.threshold[first:end]
        if not self.single:
            return exact
        with np.errstate(over="ignore"):
            near = exact.astype(np.float32)
            # CatBoost's first border is the lowest float32 number.
            below = np.nextafter(near, np.float32(-np.inf))
        return np.where(near > exact, below, near).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Tree:
    """One tree in its own numbering; the root is 0, leaves have no children.

    Attributes:
        gap_left: whether a gap goes left, shape (nodes,); nowhere if it is None.
        sets: by number of the node, codes of the categories that go left.
    """

    feature: "NDArray[np.int64]"
    threshold: "NDArray[np.float64]"
    left: "NDArray[np.int64]"
    right: "NDArray[np.int64]"
    value: "NDArray[np.float64]"
    gap_left: "NDArray[np.bool_] | None" = None
    sets: "dict[int, tuple[int, ...]] | None" = None


@dataclass(frozen=True, slots=True)
class Sums:
    """How the leaves of an ensemble become its answer; see ``Ensemble``."""

    features: int
    classes: int
    initial: "NDArray[np.float64]"
    divisor: float = 1.0
    margins: bool = False
    zero_is_one: bool = False
    single: bool = True
    softness: float = 1.0
    single_sums: bool = False
    class_one: float = 0.0


def as_ensemble(trees: Iterable[Tree], sums: Sums) -> Ensemble:
    """Put the trees into one sequence of nodes; leaves of the same values share a row."""
    roots = []
    features: list[NDArray[Any]] = []
    thresholds: list[NDArray[Any]] = []
    followings: list[NDArray[Any]] = []
    leaves: list[NDArray[Any]] = []
    gaps: list[NDArray[Any]] = []
    members: list[NDArray[Any]] = []
    sets: dict[tuple[int, ...], int] = {}
    nodes = leaf_count = 0
    for tree in trees:
        order, first_child = _breadth_first(tree)
        feature = tree.feature[order]
        leaf = feature == LEAF
        following = first_child + nodes
        following[leaf] = np.arange(np.count_nonzero(leaf)) + leaf_count
        roots.append(nodes)
        features.append(feature.astype(np.int32))
        thresholds.append(tree.threshold[order])
        followings.append(following.astype(np.int32))
        leaves.append(tree.value[order][leaf])
        gaps.append(np.zeros(len(order), bool) if tree.gap_left is None else tree.gap_left[order])
        members.append(_members(tree, order, sets))
        nodes += len(order)
        leaf_count += len(leaves[-1])
    values, shared = _distinct(_joined(leaves))
    asked, goes_on = _joined(features), _joined(followings)
    leaf = asked == LEAF
    goes_on[leaf] = shared[goes_on[leaf]]
    return Ensemble(
        features=sums.features,
        classes=sums.classes,
        roots=np.array(roots),
        feature=asked,
        threshold=_joined(thresholds),
        following=goes_on,
        values=values,
        initial=np.asarray(sums.initial, dtype=np.float64),
        divisor=float(sums.divisor),
        margins=sums.margins,
        zero_is_one=sums.zero_is_one,
        single=sums.single,
        softness=float(sums.softness),
        gap_left=_joined(gaps) & ~leaf,
        members=_joined(members),
        sets=tuple(sets),
        single_sums=sums.single_sums,
        class_one=sums.class_one,
    )


def _joined(parts: "list[NDArray[Any]]") -> "NDArray[Any]":
    """One array of many, which are given up: of millions of nodes both would take much."""
    joined = np.concatenate(parts)
    parts.clear()
    return joined


def _members(
    tree: Tree, order: "NDArray[np.int64]", sets: dict[tuple[int, ...], int]
) -> "NDArray[np.int32]":
    """Of each node its set's place in ``sets``, where new ones are added, or NUMERIC."""
    if not tree.sets:
        return np.full(len(order), NUMERIC, np.int32)
    own = {node: sets.setdefault(held, len(sets)) for node, held in tree.sets.items()}
    return np.array([own.get(node, NUMERIC) for node in order.tolist()], np.int32)


def _distinct(rows: "NDArray[np.float64]") -> "tuple[NDArray[np.float64], NDArray[np.int64]]":
    """The different rows in their order, and of each row its place among them.

    As ``numpy.unique`` by rows, which takes several times as long for millions of them.
    """
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    new = np.concatenate([[True], (ordered[1:] != ordered[:-1]).any(axis=1)])
    places = np.empty(len(rows), dtype=np.int64)
    places[order] = np.cumsum(new) - 1
    return ordered[new], places


def _breadth_first(tree: Tree) -> "tuple[NDArray[np.int64], NDArray[np.int64]]":
    """Old node numbers in their new order; of each new node the new number of its left child."""
    level = np.zeros(1, dtype=np.int64)
    order, first_child = [level], []
    made = 1
    while level.size:
        inner = tree.feature[level] != LEAF
        first = np.full(level.size, LEAF, dtype=np.int64)
        first[inner] = made + 2 * np.arange(np.count_nonzero(inner))
        first_child.append(first)
        level = np.column_stack([tree.left[level[inner]], tree.right[level[inner]]]).ravel()
        order.append(level)
        made += level.size
    return np.concatenate(order), np.concatenate(first_child)
