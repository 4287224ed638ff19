"""Which of several packages break something: looked for by halves, in a bounded number of fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from twinserve.config.errors import UserError
from twinserve.renewal.fit import Failure

# Tries packages, or the tree without any, up to the named check or all; None if they fit.
Try = Callable[[Sequence[str], str | None], Failure | None]


@dataclass(frozen=True, slots=True)
class Culprit:
    """A package that breaks something, and how."""

    name: str
    failure: Failure


@dataclass(frozen=True, slots=True)
class Search:
    """The result of a search: the packages that are brought in, and those that are held back.

    Attributes:
        failure: of all together, where the bound was reached: then nothing is brought in.
    """

    kept: tuple[str, ...]
    culprits: tuple[Culprit, ...]
    fits: int
    failure: Failure | None = None


def search(names: Sequence[str], attempt: Try, most_fits: int) -> Search:
    """Leave out one package after the other until the rest fits.

    Of packages that break something only together, the last is left out. A fit that looks for a
    culprit ends at the check that failed; what is brought in has passed all of them.

    Raises:
        BrokenTreeError: the check fails without any of the packages too.
    """
    bounded = _Bounded(attempt, most_fits)
    kept, culprits = list(names), list[Culprit]()
    first: Failure | None = None
    try:
        while kept and (failure := bounded.attempt(kept, None)):
            if first is None and (broken := bounded.attempt((), failure.check)):
                raise BrokenTreeError(broken)
            first = first or failure
            culprit = _last_of_smallest(kept, failure, bounded)
            culprits.append(culprit)
            kept.remove(culprit.name)
    except _SpentError:
        return Search((), (), bounded.fits, first)
    return Search(tuple(kept), tuple(culprits), bounded.fits)


class BrokenTreeError(UserError):
    """No package is to blame."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(
            f"this tree fails as it stands, with nothing renewed: {failure.check}: {failure.line}; "
            "mend that first"
        )


class _SpentError(Exception):
    """No further fit is allowed."""


class _Bounded:
    def __init__(self, attempt: Try, most: int) -> None:
        self._attempt, self._most, self.fits = attempt, most, 0

    def attempt(self, names: Sequence[str], until: str | None) -> Failure | None:
        if self.fits == self._most:
            raise _SpentError
        self.fits += 1
        return self._attempt(names, until)


def _last_of_smallest(kept: Sequence[str], failure: Failure, bounded: _Bounded) -> Culprit:
    """The last package of the shortest beginning that fails."""
    passing, failing = 0, len(kept)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if again := bounded.attempt(kept[:middle], failure.check):
            failing, failure = middle, again
        else:
            passing = middle
    return Culprit(kept[failing - 1], failure)
