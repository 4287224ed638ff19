"""Files as people have them: their own lines come back as they are, each with its result."""

import gzip
from pathlib import Path

import pytest

from tests.scoring.bundles import Endpoint, scored
from tests.scoring.conftest import HEADER
from twinserve.config.errors import UserError
from twinserve.scoring import blocks
from twinserve.scoring.options import Format

ROWS = ("5.1,3.5,1.4,0.2", "5.9,3.0,4.2,1.5", "6.3,2.5,5.0,1.9")


def out_of(source: Path) -> bytes:
    return source.with_name("out.csv").read_bytes()


@pytest.fixture
def put(tmp_path: Path) -> Path:
    """Where a file to score is put."""
    return tmp_path / "in.csv"


@pytest.mark.parametrize("processes", [1, 3])
def test_order_is_kept_over_many_blocks(
    monkeypatch: pytest.MonkeyPatch,
    service: Path,
    source: Path,
    rows: list[list[float]],
    processes: int,
) -> None:
    """However many processes score, and wherever the file is cut."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", 100)
    summary = scored(source, service, processes=processes)
    header, *lines = source.read_text().splitlines()
    expected = [
        f"{line},{number}"
        for line, number in zip(lines, Endpoint(service).predictions(rows), strict=True)
    ]
    assert [f"{header},prediction", *expected] == out_of(source).decode().splitlines()
    assert (summary.rows, summary.wrong) == (300, 0)


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_quoted_cells_stay_as_they_are_written(
    monkeypatch: pytest.MonkeyPatch, service: Path, put: Path, size: int
) -> None:
    """A separator, a quote or the end of a line in a cell ends no cell and no row."""
    monkeypatch.setattr(blocks, "BLOCK_BYTES", size)
    names = ('"a, ""b"""', '"two\nlines"', '" "', "é")
    lines = [f'{names[place % 4]},"{row[:3]}"{row[3:]}' for place, row in enumerate(ROWS * 5)]
    put.write_text(f"name,{HEADER}\n" + "\n".join(lines))
    scored(put, service)
    expected = [f"{line},{place % 3}\n" for place, line in enumerate(lines)]
    assert f"name,{HEADER},prediction\n" + "".join(expected) == out_of(put).decode()


@pytest.mark.parametrize(
    ("content", "marks", "expected"),
    [
        pytest.param(
            b"\xef\xbb\xbf" + f"{HEADER}\r\n{ROWS[0]}\r\n\r\n{ROWS[1]}".encode(),
            Format(),
            f"{HEADER},prediction\r\n{ROWS[0]},0\r\n{ROWS[1]},1\r\n",
            id="byte order mark, CRLF, a blank line, no end of the last line",
        ),
        pytest.param(
            gzip.compress(f"{HEADER}\n{ROWS[2]}\n".encode()),
            Format(),
            f"{HEADER},prediction\n{ROWS[2]},2\n",
            id="gzip",
        ),
        pytest.param(
            f"größe,{HEADER}\nä,{ROWS[1]}\n".encode("utf-16"),
            Format(encoding="utf-16"),
            f"größe,{HEADER},prediction\nä,{ROWS[1]},1\n",
            id="utf-16",
        ),
        pytest.param(
            f"{HEADER.replace(',', ';')}\n+5,1;3,50; 1,4 ;0,2\n".encode(),
            Format(";", ","),
            f"{HEADER.replace(',', ';')};prediction\n+5,1;3,50; 1,4 ;0,2;0\n",
            id="decimal comma",
        ),
        pytest.param(
            f"petal_width,x,{HEADER[:-12]}\n0.2,,5.1,3.5,1.4\n".encode(),
            Format(),
            f"petal_width,x,{HEADER[:-12]},prediction\n0.2,,5.1,3.5,1.4,0\n",
            id="columns in another order",
        ),
        pytest.param(f"{HEADER}\n".encode(), Format(), f"{HEADER},prediction\n", id="no row"),
    ],
)
def test_file_is_read_as_params_yaml_says(
    service: Path, put: Path, content: bytes, marks: Format, expected: str
) -> None:
    """Encoding, separator and marks of numbers as the table's; the result is UTF-8."""
    put.write_bytes(content)
    scored(put, service, marks=marks)
    assert expected.encode() == out_of(put)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        (
            "5.1,3.5,x,0.2",
            'petal_length: expected a finite number within float32\'s range, found "x"',
        ),
        (
            "5.1,3.5,,0.2",
            "petal_length: expected a finite number within float32's range, found null",
        ),
        (
            "5.1,3.5,1e39,0.2",
            "petal_length: expected a finite number within float32's range, found a",
        ),
        ("5.1,3.5,nan,0.2", "petal_length: expected a finite number within float32's range, found"),
        ("5.1,3.5,1_0,0.2", "petal_length: expected a finite number within float32's range, found"),
        ("5.1,3.5,0.2", "found 3 cells, expected 4 as in the header"),
        ("5.1,3.5,1.4,0.2,9", "found 5 cells, expected 4 as in the header"),
    ],
)
def test_wrong_row_stops_and_leaves_nothing(
    service: Path, put: Path, cells: str, fault: str
) -> None:
    """The line names the row; an older result is not touched, and nothing unfinished stays."""
    put.write_text(f'{HEADER}\n{ROWS[0]}\n"5.1",3.5,1.4,0.2\n{cells}\n{ROWS[1]}\n')
    put.with_name("out.csv").write_text("older")
    with pytest.raises(UserError) as raised:
        scored(put, service)
    assert str(raised.value).startswith(f"{put}: row 4: {fault}")
    assert "--on-error mark" in str(raised.value)
    assert out_of(put) == b"older"
    assert sorted(path.name for path in put.parent.iterdir()) == ["in.csv", "out.csv"]


def test_wrong_rows_are_marked_where_that_is_asked_for(service: Path, put: Path) -> None:
    """The others have their results, each row its place, and every row as many cells."""
    put.write_text(f"{HEADER}\n{ROWS[0]}\n5.1,3.5,x,0.2\n5.1,3.5\n5,3,1,1,7\n{ROWS[1]}\n")
    summary = scored(put, service, "label", on_error="mark")
    wanted = "petal_length: expected a finite number within float32's range"
    assert [
        f"{HEADER},prediction,label,error",
        f"{ROWS[0]},0,setosa,",
        f'5.1,3.5,x,0.2,,,"{wanted}, found ""x"""',
        '5.1,3.5,,,,,"found 2 cells, expected 4 as in the header"',
        '5,3,1,1,,,"found 5 cells, expected 4 as in the header"',
        f"{ROWS[1]},1,versicolor,",
    ] == out_of(put).decode().splitlines()
    assert (summary.rows, summary.wrong) == (5, 3)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", "the file is empty; expected a header line and rows"),
        (b"a,b\n1,2\n", "row 1, column sepal_length: not found among a, b; expected once"),
        (f"{HEADER},petal_width\n".encode(), "row 1, column petal_width: found 2 times among"),
        (f"{HEADER},prediction\n".encode(), "row 1, column prediction: found a column of the name"),
        (f'{HEADER}\n{ROWS[0]}\n"5,3,1,1\n'.encode(), "row 3: found unexpected end of data, exp"),
        (f"{HEADER}\n{ROWS[0]}\n5\xe4,3,1,1\n".encode("latin-1"), "row 3: found byte 0xe4, expe"),
        (b"\x1f\x8b\x08broken", "found gzip that cannot be read"),
    ],
)
def test_file_that_cannot_be_scored_says_why(
    service: Path, put: Path, content: bytes, refusal: str
) -> None:
    """One line, with the row; nothing is left behind."""
    put.write_bytes(content)
    with pytest.raises(UserError) as raised:
        scored(put, service)
    assert str(raised.value).startswith(f"{put}: {refusal}")
    assert [path.name for path in put.parent.iterdir()] == ["in.csv"]
