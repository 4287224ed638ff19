"""Parquet with gaps is read as the CSV of the same table, whoever has written it."""

from pathlib import Path
from typing import Any

import fastparquet
import pandas as pd

from twinserve.config.training import Data, Feature
from twinserve.training.table import Table, read_table

# Written by Arrow (pyarrow 26), which says nothing of pandas' types: whole numbers (one that no
# float is equal to), flags, texts and numbers, each with gaps, and a label.
BY_ARROW = Path(__file__).with_name("nulls.parquet")
ROWS = 12


def whole(place: int) -> int | None:
    return None if place % 5 == 2 else 9007199254740993 if place == 7 else place


def flag(place: int) -> bool | None:
    return None if place % 4 == 1 else place % 3 == 0


def kind(place: int) -> str | None:
    return None if place % 6 == 3 else "abc"[place % 3]


def frame() -> pd.DataFrame:
    """The table of that file in pandas' nullable types."""
    columns: dict[str, Any] = {
        "whole": pd.array([whole(place) for place in range(ROWS)], dtype="Int64"),
        "flag": pd.array([flag(place) for place in range(ROWS)], dtype="boolean"),
        "kind": pd.array([kind(place) for place in range(ROWS)], dtype="string"),
        "number": pd.array(
            [None if place == 4 else place / 8 for place in range(ROWS)], dtype="Float64"
        ),
        "label": pd.array(["xy"[place % 2] for place in range(ROWS)], dtype="string"),
    }
    return pd.DataFrame(columns)


def read(path: Path) -> Table:
    return read_table(Data(table=str(path), label="label", min_rows_per_class=2))


def as_csv(folder: Path) -> Table:
    frame().to_csv(folder / "mine.csv", index=False)
    return read(folder / "mine.csv")


def test_nullable_types_are_read_as_their_csv(tmp_path: Path) -> None:
    """Int64, boolean, string and Float64 with pd.NA: the same types, gaps, rows and classes."""
    path = tmp_path / "mine.parquet"
    fastparquet.write(str(path), frame(), write_index=False)
    found, expected = read(path), as_csv(tmp_path)
    assert found.data.features == expected.data.features == [
        Feature(name="whole", missing=True),
        Feature(name="flag", type="boolean", missing=True),
        Feature(name="kind", type="category", missing=True, values=["a", "b", "c"]),
        Feature(name="number", missing=True),
    ]  # fmt: skip
    assert repr([*found.rows]) == repr([*expected.rows])
    assert found.labels == expected.labels


def test_gaps_that_arrow_has_written_are_read_as_their_csv(tmp_path: Path) -> None:
    """A flag with gaps stays one, and is not taken for a number, nor a category of 1 for 1.0."""
    found, expected = read(BY_ARROW), as_csv(tmp_path)
    assert found.data.features == expected.data.features
    assert repr([*found.rows]) == repr([*expected.rows])
    assert found.labels == expected.labels
