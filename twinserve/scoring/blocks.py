"""A CSV file cut into blocks of whole records, by one pass over its bytes."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self, cast

from twinserve.config.errors import UserError
from twinserve.scoring.options import Format

# Large enough that a process is seldom asked, small enough that a few of them need little memory.
BLOCK_BYTES = 512 * 1024
# No header is longer.
_MOST_HEADER_BYTES = 1024 * 1024
_GZIP = b"\x1f\x8b"
_UTF8 = frozenset({"utf8", "utf-8", "utf_8", "ascii", "us-ascii"})
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Block(NamedTuple):
    """Whole records, as UTF-8.

    Attributes:
        line: of the file, on which it begins; the header is line 1.
        end: where the block ends in the content.
        end_line: of the file, on which the next block begins.
    """

    content: bytes
    line: int
    end: int
    end_line: int


class Content:
    """A CSV file's content as UTF-8, whatever it is written in; compressed by gzip or not.

    Attributes:
        name: of the file, for refusals.
        header: names of the columns.
        header_text: as it is written.
        ending: of its lines.
        size: of the file, in bytes.
    """

    @classmethod
    def of_file(cls, path: Path, marks: Format) -> Self:
        """Open a file of this machine.

        Raises:
            UserError: there is no such file, it cannot be read, or has no header.
        """
        try:
            raw = path.open("rb")
        except OSError as error:
            raise UserError(f"{path}: {error.strerror}; expected a file to score") from None
        return cls(raw, str(path), path.stat().st_size, marks)

    def __init__(self, raw: io.BufferedReader, name: str, size: int, marks: Format) -> None:
        """Raises UserError: it cannot be read, or has no header."""
        self.name = name
        self._marks = marks
        self._raw = raw
        self.size = size
        self._stream = self._opened()
        self.lines = 1
        first = self._read_exactly(len(_BYTE_ORDER_MARK))
        self._carry = b"" if first == _BYTE_ORDER_MARK else first
        self._at = len(first)
        block = b"\n"
        while not block.strip():
            records = self._next_records(whole=True)
            if records is None:
                raise UserError(f"{name}: the file is empty; expected a header line and rows")
            block, self.lines = records, self.lines + records.count(b"\n")
        text = block.decode(errors="replace")
        self.ending = "\r\n" if text.endswith("\r\n") else "\n"
        self.header_text = text.rstrip("\r\n")
        reader = csv.reader(
            [self.header_text], delimiter=marks.separator, skipinitialspace=marks.separator != " "
        )
        cells = next(reader)
        self.header = [name.strip() for name in cells]

    def close(self) -> None:
        """Close the file."""
        self._raw.close()

    @property
    def progress(self) -> float:
        """The share of the file that has been read."""
        return self._raw.tell() / self.size if self.size else 1.0

    def skip_to(self, end: int, line: int) -> None:
        """Go on where a block ended, on this line."""
        if self._stream is self._raw:
            self._raw.seek(end)
            self._carry, self._at = b"", end
        while self._at < end:
            read = len(self._read_exactly(min(end - self._at, BLOCK_BYTES)))
            self._carry, self._at = b"", self._at + read
            if not read:
                raise UserError(f"{self.name}: shorter than when part of it was scored")
        self._carry, self.lines = self._carry[len(self._carry) - (self._at - end) :], line

    def blocks(self) -> Iterator[Block]:
        """The rows that are left.

        Raises:
            UserError: the file is damaged, or not of its encoding, or a quote is never closed.
        """
        while (content := self._next_records()) is not None:
            line = self.lines
            self.lines += content.count(b"\n")
            yield Block(content, line, self._at - len(self._carry), self.lines)

    def _next_records(self, *, whole: bool = False) -> bytes | None:
        """Bytes up to the end of a record; with ``whole`` one record, the header."""
        data = self._carry
        while True:
            more = self._read_exactly(BLOCK_BYTES)
            self._at += len(more)
            data += more
            if not data:
                return None
            cut = self._first_end(data) if whole else self._last_end(data)
            if not more and cut <= 0:
                cut = len(data)
            if cut > 0:
                self._carry = data[cut:]
                return data[:cut]
            if whole and len(data) > _MOST_HEADER_BYTES:
                raise UserError(f"{self.name}: row 1: no end of the header; expected CSV")

    def _first_end(self, data: bytes) -> int:
        return self._ends(data, most=1)

    def _last_end(self, data: bytes) -> int:
        """Where the last whole record ends; 0 if none does."""
        if b'"' not in data:
            return data.rfind(b"\n") + 1
        return self._ends(data)

    def _ends(self, data: bytes, most: int | None = None) -> int:
        """Likewise where a quoted cell may hold the end of a line."""
        # Bytes as characters: quotes, separators and ends of lines are ASCII in UTF-8 too.
        lines = data.decode("latin-1").split("\n")
        unfinished = lines.pop()
        reader = csv.reader(
            (f"{line}\n" for line in lines),
            delimiter=self._marks.separator if self._marks.separator.isascii() else ",",
            skipinitialspace=self._marks.separator != " ",
            strict=True,
        )
        records, used = 0, 0
        try:
            for _ in reader:
                records, used = records + 1, reader.line_num
                if records == most:
                    break
        except csv.Error as error:
            if "unexpected end of data" not in str(error):
                raise UserError(
                    f"{self.name}: row {self.lines + used}: found {error}, expected CSV"
                ) from None
        if used == len(lines):
            return len(data) - len(unfinished)
        return sum(len(line) + 1 for line in lines[:used])

    def _read_exactly(self, size: int) -> bytes:
        """As many bytes, fewer at the end only."""
        try:
            return self._stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise UserError(f"{self.name}: found gzip that cannot be read: {error}") from None
        except UnicodeError as error:
            raise UserError(
                f"{self.name}: row {self.lines}: found {error.__class__.__name__}, expected "
                f"{self._marks.encoding} text (data.encoding in params.yaml)"
            ) from None

    def _opened(self) -> BinaryIO:
        """The stream of UTF-8."""
        stream: BinaryIO = self._raw
        if self._raw.peek(len(_GZIP)).startswith(_GZIP):
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=self._raw))
        if self._marks.encoding.lower() in _UTF8:
            return stream
        return cast("BinaryIO", _Recoded(stream, self._marks.encoding))


class _Recoded:
    """A stream of another encoding, read as UTF-8."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        try:
            self._text = io.TextIOWrapper(stream, encoding=encoding, newline="")
        except LookupError:
            raise UserError(
                f"params.yaml: data.encoding: found {encoding!r}, expected an encoding that "
                "Python knows: utf-8, latin-1, cp1252, utf-16"
            ) from None
        self._left = b""

    def read(self, size: int) -> bytes:
        """As many bytes, fewer at the end only."""
        while len(self._left) < size and (text := self._text.read(BLOCK_BYTES)):
            self._left += text.encode()
        part, self._left = self._left[:size], self._left[size:]
        return part
