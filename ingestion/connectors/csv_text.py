"""CSV as text, around Arrow's reader: the header, a mark at the end, and the lines of records."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from aidbt.core.errors import SourceError

_FIRST_BYTES = 1 << 20
_BOM = b"\xef\xbb\xbf"
_ZIP = b"PK\x03\x04"
_DELIMITERS = {",": "','", ";": "';'", "\t": '"\\t"', "|": "'|'"}


@dataclass(frozen=True, slots=True)
class Header:
    """The first record of a file.

    Attributes:
        rest: what has been read of the file behind it.
    """

    names: list[str]
    rest: bytes


def read_header(raw: pa.NativeFile, path: str, delimiter: str, quote: str) -> Header:
    """The column names, word for word; empty lines before them are skipped.

    Raises:
        SourceError: the file is empty or an archive, or its delimiter seems to be another one.
        UnicodeDecodeError: the header is not UTF-8.
    """
    first = raw.read(_FIRST_BYTES)
    if first.startswith(_ZIP):
        raise SourceError(
            f"{path} is a zip archive", hint="unpack it first; .gz, .bz2 and .zst are read as is"
        )
    first = first.removeprefix(_BOM)
    lines = first.splitlines(keepends=True)
    consumed = 0

    def texts() -> Iterator[str]:
        nonlocal consumed
        for line in lines:
            consumed += len(line)
            yield line.decode()

    reader = csv.reader(texts(), delimiter=delimiter, quotechar=quote)
    names = next((record for record in reader if record), None)
    if names is None:
        raise SourceError(f"{path} is empty: it has no header", hint="a table without rows has its header")
    if consumed == len(first) == _FIRST_BYTES:
        raise SourceError(f"the header of {path} is longer than 1 MB", hint="is it CSV?")
    other = next((mark for mark in _DELIMITERS if mark != delimiter and mark in names[0]), None)
    if len(names) == 1 and other is not None:
        raise SourceError(
            f"{path} has a single column called {names[0][:60]!r}",
            hint=f"set delimiter: {_DELIMITERS[other]}",
        )
    return Header(names, first[consumed:])


class Body(io.RawIOBase):
    """What comes behind the header, with one line more at the end."""

    def __init__(self, first: bytes, raw: pa.NativeFile, *, last_line: bytes) -> None:
        self._pending = memoryview(first)
        self._raw = raw
        self._last_line = last_line
        self._ends_with_newline = not first or first.endswith((b"\n", b"\r"))
        self._is_used_up = False

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill the buffer; 0 at the end."""
        target = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        if not self._pending:
            self._pending = memoryview(self._next(len(target)))
        size = min(len(target), len(self._pending))
        target[:size] = self._pending[:size]
        self._pending = self._pending[size:]
        return size

    def _next(self, size: int) -> bytes:
        if self._is_used_up:
            return b""
        data: bytes = self._raw.read(size)
        if data:
            self._ends_with_newline = data.endswith((b"\n", b"\r"))
            return data
        self._is_used_up = True
        return self._last_line if self._ends_with_newline else b"\n" + self._last_line


def line_numbers(
    raw: pa.NativeFile, records: Sequence[int], delimiter: str, quote: str, *, width: int
) -> list[int]:
    """The lines (from 1) on which records begin; a record may have several lines, and lines may be empty.

    Args:
        records: numbers of records behind the header, from 1, ascending.
        width: the number of columns; in a single column an empty line is a record.
    """
    text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
    reader = csv.reader(text, delimiter=delimiter, quotechar=quote)
    wanted = set(records)
    lines: list[int] = []
    number, begins = -1, 1  # the header is record 0
    try:
        for record in reader:
            if record or (width == 1 and number >= 0):
                number += 1
                if number in wanted:
                    lines.append(begins)
                    if len(lines) == len(records):
                        return lines
            begins = reader.line_num + 1
    except csv.Error:  # a value longer than the module allows
        pass
    # As near as can be told: every record on a line of its own, below the header.
    return lines + [record + 1 for record in records[len(lines) :]]
