"""Columns of text that hold numbers as Debezium encodes them: base64 of big-endian two's complement.

Without a schema block nothing else tells `"BBo="` from a text, so a column that looks so is worth a word.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from aidbt.core.findings import Finding, Severity
from ingestion.cdc.debezium.columns import Columns

FEWEST = 20  # values that a judgement rests on
_MOST = 1000  # values that are looked at
_SHARE = 10  # one of so many values has a letter that no word has
_DISTINCT = 5
_USUAL = 12  # characters of numbers of up to 8 bytes, 18 digits: most numbers have no more
_LETTERS = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_NO_WORD = re.compile(r"[=+/]")
_MOST_BYTES = 16


class EncodedTexts:
    """The columns of text that look like encoded decimals, each found once."""

    def __init__(self, source: str) -> None:
        """Nothing was looked at yet.

        Args:
            source: its name, for the findings.
        """
        self._source = source
        # By table and column: texts that may be encoded numbers; None where that is settled.
        self._texts: dict[tuple[str, str], list[str] | None] = {}

    def findings(self, table: str, columns: Columns, rows: pa.Table) -> Iterator[Finding]:
        """What the rows of a table say, with those that came before."""
        for column, of in columns.types.items():
            if not (of.is_inferred and of.wire == pa.string() and column in rows.column_names):
                continue
            texts = self._texts.setdefault((table, column), [])
            if texts is None:
                continue
            texts += _present(rows.column(column))
            if len(texts) >= FEWEST:
                self._texts[table, column] = None
                if looks_encoded(texts):
                    yield self._finding(table, column, texts[0])

    def _finding(self, table: str, column: str, example: str) -> Finding:
        return Finding(
            "debezium.looks_encoded",
            Severity.WARN,
            f"{self._source}: {table}.{column}",
            f"{table}.{column} looks like decimals as Debezium encodes them ('{example}') and lands as text; "
            f'to land numbers, write types: {{{table}: {{{column}: "decimal(12, 2)"}}}} in the file of '
            f"'{self._source}', with the column's own precision and scale",
            {"column": column, "example": example, "setting": "types"},
        )


def looks_encoded(values: Sequence[str]) -> bool:
    """Whether texts look like encoded decimals: all can be, and many can hardly be anything else.

    Example:
        >>> looks_encoded(["BBo=", "AJY=", "AeJA", "/w==", "Zg=="] * 4)
        True
    """
    if len(values) < FEWEST or len(set(values)) < _DISTINCT or not all(map(_is_number, values)):
        return False
    if sum(len(value) <= _USUAL for value in values) * 2 < len(values):
        return False  # digests and identifiers
    return sum(map(bool, map(_NO_WORD.search, values))) * _SHARE >= len(values)


def _is_number(text: str) -> bool:
    """Whether a text is base64 of a number in as few bytes as it needs, 16 at most."""
    if not _LETTERS.fullmatch(text):
        return False
    try:
        octets = base64.b64decode(text, validate=True)
    except binascii.Error:
        return False
    if not 1 <= len(octets) <= _MOST_BYTES or base64.b64encode(octets).decode() != text:
        return False
    number = int.from_bytes(octets, "big", signed=True)
    return number.bit_length() // 8 + 1 == len(octets) or number == -(1 << (8 * len(octets) - 1))


def _present(column: pa.ChunkedArray) -> list[str]:
    """The first values of a column that are not null."""
    return [str(value) for value in pc.drop_null(column.slice(0, 10 * _MOST))[:_MOST].to_pylist()]
