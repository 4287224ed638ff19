"""The faults of many rows, as one refusal."""

from collections.abc import Callable, Sequence
from typing import Any

from twinserve.inference.contract import MOST_ERRORS_NAMED, Problem

ROW = "#/features"


class Faults:
    """Gathers the refusals of rows; each of their places is put below that of its row."""

    def __init__(self, rows: str) -> None:
        """``rows`` is the member of the body that has them."""
        self._rows = rows
        self._refused = 0
        self._errors: list[dict[str, str]] = []
        self._statuses: set[int] = set()

    @property
    def full(self) -> bool:
        """Whether as many places are wrong as are named: nobody need look on."""
        return len(self._errors) >= MOST_ERRORS_NAMED

    def add(self, row: int, problem: Problem) -> None:
        """Add what is wrong with the row of this place."""
        self._refused += 1
        self._statuses.add(problem.status)
        for error in problem.errors or [{"pointer": ROW, "detail": problem.detail}]:
            below = error["pointer"].removeprefix(ROW)
            pointer = f"#/{self._rows}/{row}{below}"
            self._errors.append({"pointer": pointer, "detail": error["detail"]})

    def raise_any(self) -> None:
        """Refuse the request if a row is.

        Raises:
            Problem: with the status of its rows, or 422 where they differ.
        """
        if not self._refused:
            return
        status = self._statuses.pop() if len(self._statuses) == 1 else 422
        first = self._errors[0]
        least = "at least " * self.full
        rows = "1 row is" if self._refused == 1 else f"{self._refused} rows are"
        place = first["pointer"].removeprefix("#/")
        detail = f"{least}{rows} not as asked for; first {place}: {first['detail']}"
        raise Problem(status, detail, errors=self._errors[:MOST_ERRORS_NAMED])


def each(rows: str, given: Sequence[Any], read: Callable[[Any], Any]) -> list[Any]:
    """What each row, or what belongs to it, is read as.

    Args:
        rows: the member of the body that has the rows.
        given: one for each of them.
        read: may refuse it.

    Raises:
        Problem: with every place that is refused, up to the most that are named.
    """
    results, faults = [], Faults(rows)
    for place, item in enumerate(given):
        try:
            results.append(read(item))
        except Problem as problem:
            faults.add(place, problem)
            if faults.full:
                break
    faults.raise_any()
    return results
