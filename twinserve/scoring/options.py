"""What a run of scoring is told: how the file writes its cells, and what its results hold."""

from typing import NamedTuple

from twinserve.config.errors import UserError

LABEL, PROBABILITIES = "label", "probabilities"
INCLUDE = (LABEL, PROBABILITIES)
STOP, MARK = "stop", "mark"


class Format(NamedTuple):
    """How a file writes its cells, as ``data`` of params.yaml says of the table.

    Attributes:
        separator: of a row's cells.
        decimal: mark of its numbers.
        thousands: mark between the thousands.
        encoding: as Python calls it.
        missing_values: cells that are gaps, besides empty ones.
    """

    separator: str = ","
    decimal: str = "."
    thousands: str | None = None
    encoding: str = "utf-8"
    missing_values: tuple[str, ...] = ()

    @property
    def plain(self) -> bool:
        """Whether numbers are written as Python reads them."""
        return self.decimal == "." and not self.thousands

    def is_gap(self, cell: str) -> bool:
        """Whether a cell is empty, or stands for a gap."""
        text = cell.strip()
        return not text or text in self.missing_values


class Options(NamedTuple):
    """What results hold.

    Attributes:
        include: of ``INCLUDE``, beside the prediction.
        on_error: ``mark`` gives a wrong row its reason in the place of a prediction; at ``stop``
            there is no result.
        format: of the file.
    """

    include: tuple[str, ...] = ()
    on_error: str = STOP
    format: Format = Format()

    @property
    def marks(self) -> bool:
        """Whether results have a column for what is wrong with a row."""
        return self.on_error == MARK


def parse_include(text: str) -> tuple[str, ...]:
    """What ``--include`` names, separated by commas, in the order of the result's columns.

    Raises:
        UserError: a word is none of ``INCLUDE``.
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in INCLUDE:
            raise UserError(f"--include: {word!r} is not known; expected {' or '.join(INCLUDE)}")
    return tuple(word for word in INCLUDE if word in words)
