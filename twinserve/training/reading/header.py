"""Whether the first line of a file names its columns."""

from collections.abc import Sequence
from itertools import pairwise

from twinserve.config.cells import as_number
from twinserve.config.errors import UserError
from twinserve.config.training import Data

_SHOWN = 5
_FEW = 3


def check_header(data: Data, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Refuse a table whose first line is a row: what it calls the label is a label itself.

    Names may be numbers, as of pixels, years or wavelengths: then either the label has another
    name, or they follow each other at even steps.

    Raises:
        UserError: the first line is a row.
    """
    places = [header.index(data.label), *range(len(header))]
    if not rows or _even_steps(header):
        return
    if all(_is_cell(data, header[place], [row[place] for row in rows]) for place in places):
        shown = ", ".join([*header[:_SHOWN], *["…"] * (len(header) > _SHOWN)])
        raise UserError(
            f"{data.table}: row 1: found {shown}, which are values as in the rows below, expected "
            "the columns' names: write a line with them above it"
        )


def _is_cell(data: Data, name: str, cells: Sequence[str]) -> bool:
    """Whether a name may be a cell of its own column: a number of numbers, a text among others."""
    texts = {cell.strip() for cell in cells} - {"", *data.missing_values}
    if as_number(data, name) is not None:
        return all(as_number(data, text) is not None for text in texts)
    # Where most rows have another text, the first row has too.
    return name in texts or (name != data.label and len(texts) > len(cells) / 2)


def _even_steps(names: Sequence[str]) -> bool:
    """Whether those that are numbers, at least a few, are whole and rise at one step."""
    whole = [int(name) for name in names if name.isascii() and name.isdigit()]
    steps = {after - before for before, after in pairwise(whole)}
    return len(whole) >= _FEW and len(steps) == 1 and min(steps) > 0
