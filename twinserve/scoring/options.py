"""What a run of scoring is told: how the file writes its cells, and what its results hold."""

from typing import NamedTuple

STOP, MARK = "stop", "mark"
# Names that files of CSV end in.
CSV = (".csv", ".csv.gz", ".tsv", ".txt")


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
        include: words for what stands beside the prediction; None is what the endpoints include.
        on_error: ``mark`` gives a wrong row its reason in the place of a prediction; at ``stop``
            there is no result.
        format: of the file.
    """

    include: tuple[str, ...] | None = None
    on_error: str = STOP
    format: Format = Format()

    @property
    def marks(self) -> bool:
        """Whether results have a column for what is wrong with a row."""
        return self.on_error == MARK
