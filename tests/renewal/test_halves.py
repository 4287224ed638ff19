"""The search for what breaks, on sets of packages that need no installation."""

from collections.abc import Sequence

import pytest

from twinserve.renewal.fit import Failure
from twinserve.renewal.halves import BrokenTreeError, Search, search

NAMES = tuple("abcdefghijklmnop")
BROKEN = Failure("pipeline", "error: the compiled model answers otherwise")


class Set:
    """Packages of which some break something, each alone or all of a group together."""

    def __init__(self, *groups: str) -> None:
        self.groups = groups
        self.tried: list[tuple[str, str | None]] = []

    def attempt(self, names: Sequence[str], until: str | None) -> Failure | None:
        self.tried.append(("".join(names), until))
        return BROKEN if any(set(group) <= set(names) for group in self.groups) else None


def look(*groups: str, most: int = 50) -> tuple[Search, Set]:
    packages = Set(*groups)
    return search(NAMES, packages.attempt, most), packages


def test_set_that_fits_is_tried_once() -> None:
    """All of it comes in."""
    found, packages = look()
    assert found == Search(NAMES, (), 1)
    assert packages.tried == [("".join(NAMES), None)]


@pytest.mark.parametrize(
    ("groups", "held"),
    [(("a",), "a"), (("p",), "p"), (("g",), "g"), (("c", "k"), "ck"), (("ch",), "h")],
    ids=["first", "last", "middle", "two", "two only together"],
)
def test_what_breaks_is_left_out_by_name(groups: tuple[str, ...], held: str) -> None:
    """Everything else comes in, and has been tried whole."""
    found, packages = look(*groups)
    assert "".join(culprit.name for culprit in found.culprits) == held
    assert found.kept == tuple(name for name in NAMES if name not in held)
    assert packages.tried[-1] == ("".join(found.kept), None)
    assert {culprit.failure for culprit in found.culprits} == {BROKEN}


def test_search_ends_at_the_check_that_failed() -> None:
    """A fit that looks for a culprit runs no later check."""
    _, packages = look("g")
    assert {until for _, until in packages.tried[1:-1]} == {"pipeline"}


def test_search_is_by_halves() -> None:
    """One of 16 is found in 4 fits, after the whole and the bare tree, before the rest."""
    found, _ = look("g")
    assert found.fits == 2 + 4 + 1


def test_tree_that_fails_as_it_stands_blames_no_package() -> None:
    """It is tried without any, up to the check that failed."""
    packages = Set("")
    with pytest.raises(BrokenTreeError, match="with nothing renewed: pipeline: error: the comp"):
        search(NAMES, packages.attempt, 50)
    assert packages.tried == [("".join(NAMES), None), ("", "pipeline")]


def test_beyond_the_bound_the_whole_set_is_held_back() -> None:
    """What failed first is told."""
    found, packages = look("a", "c", "e", "g", most=7)
    assert found == Search((), (), 7, BROKEN)
    assert len(packages.tried) == 7


def test_single_package_that_breaks_leaves_nothing() -> None:
    """It needs no search."""
    packages = Set("a")
    culprits = search(("a",), packages.attempt, 5)
    assert (culprits.kept, [culprit.name for culprit in culprits.culprits], culprits.fits) == (
        (),
        ["a"],
        2,
    )
