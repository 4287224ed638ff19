"""A file without a header is refused in one line; names that are numbers are names."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from twinserve.config.errors import UserError
from twinserve.config.training import Data
from twinserve.training.reading.records import Records, read_records

IRIS = ["5.1,3.5,1.4,0.2,setosa", "7.0,3.2,4.7,1.4,versicolor"] * 10
WEATHER = ["sunny,hot,85,no", "rainy,mild,70,yes", "sunny,mild,75,no", "rainy,hot,81,yes"] * 5


def read(folder: Path, lines: Sequence[str], label: str, **more: str) -> Records:
    """The records of a file of these lines."""
    path = folder / "mine.csv"
    path.write_text("\n".join(lines))
    return read_records(Data(table=str(path), label=label, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("lines", "label", "shown"),
    [
        (IRIS, "setosa", "5.1, 3.5, 1.4, 0.2, setosa"),
        (IRIS, "0.2", "5.1, 3.5, 1.4, 0.2, setosa"),
        (WEATHER, "no", "sunny, hot, 85, no"),
        (["1.5,Ann,yes", *(f"{n}.5,Mx {n},{'yn'[n % 2]}es" for n in range(20))], "yes", "1.5, Ann"),
    ],
    ids=["label of text", "label of numbers", "mostly texts", "beside names of people"],
)
def test_first_line_that_is_a_row_is_refused(
    tmp_path: Path, lines: Sequence[str], label: str, shown: str
) -> None:
    """Even where the label is called by what stands there; the line says what to do."""
    with pytest.raises(UserError) as refused:
        read(tmp_path, lines, label)
    line = str(refused.value)
    assert line.startswith(f"{tmp_path}/mine.csv: row 1: found {shown}")
    assert line.endswith("expected the columns' names: write a line with them above it")


@pytest.mark.parametrize(
    ("header", "row", "label"),
    [
        ("0,1,2,3", "0.5,1.5,2.5,1", "3"),
        ("country,1990,1991,1995", "x,1,2,3", "country"),
        ("400,402.5,407,kind", "0.1,0.2,0.3,a", "kind"),
        ("outlook,play", "sunny,no", "play"),
        ("age,yes", "31,yes", "yes"),
    ],
    ids=["as pandas numbers them", "years", "wavelengths", "texts", "a name that is a value"],
)
def test_names_that_look_like_values_are_names(
    tmp_path: Path, header: str, row: str, label: str
) -> None:
    """As of pixels, years and wavelengths, or one that stands in its own column."""
    assert read(tmp_path, [header, *[row] * 5], label).header == header.split(",")


def test_decimal_commas_are_numbers_here_too(tmp_path: Path) -> None:
    """By the table's own marks."""
    lines = [line.replace(",", ";").replace(".", ",") for line in IRIS]
    with pytest.raises(UserError, match="row 1: found 5,1, 3,5, 1,4, 0,2, setosa, which are"):
        read(tmp_path, lines, "setosa", separator=";", decimal=",")
